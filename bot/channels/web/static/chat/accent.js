/**
 * Whether a colour (`#rrggbb`) can carry white text and be text on white: WCAG 2 contrast of 4.5 or more.
 * A host page may choose its accent, but not one that people cannot read.
 */
export function isReadableOnWhite(colour) {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (!match) return false;
  const [red, green, blue] = match.slice(1).map(channel => {
    const value = parseInt(channel, 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5;
}
