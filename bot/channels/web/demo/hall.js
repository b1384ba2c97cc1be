/** The two halls that the demo page can be; `?province=` chooses. */
const HALLS = {
  gd: {
    name: '广东省人力资源和社会保障厅网上服务平台（演示）',
    motto: '单位和个人社保业务，网上办、少跑腿',
    accent: '#14559e',
    tiles: [
      { name: '单位登录', hint: '用单位账号进入', asks: '单位怎么登录' },
      { name: '个人登录', hint: '用个人账号进入', asks: '个人怎么登录' },
      { name: '账号找回', hint: '忘了登录名', asks: '忘记账号怎么找回' },
      { name: '密码找回', hint: '忘了密码', asks: '忘记密码怎么找回' },
      { name: '稳岗返还', hint: '信息确认', asks: '稳岗返还信息怎么确认' },
      { name: '绑定经办人', hint: '发起、确认、解除', asks: '单位怎么绑定经办人' },
      { name: '授权业务', hint: '给经办人开权限', asks: '怎么给经办人授权业务' },
      { name: '实名等级', hint: '查看与提升', asks: '怎么提升实名等级' },
    ],
  },
  hn: {
    name: '河南省社会保障网上服务平台（演示）',
    motto: '单位网厅、个人网厅，社保业务网上办',
    accent: '#9b2c24',
    tiles: [
      { name: '单位登录', hint: 'UK 登录', asks: '单位用UK怎么登录' },
      { name: '免证书登录', hint: '不用 UK', asks: '单位没有UK怎么登录' },
      { name: '个人登录', hint: '个人网厅', asks: '个人网厅怎么登录' },
      { name: '单位注册', hint: '首次使用', asks: '单位怎么注册' },
      { name: '密码找回', hint: '忘了密码', asks: '忘记密码怎么找回' },
      { name: '稳岗返还', hint: '信息确认', asks: '稳岗返还怎么办理' },
      { name: '数字证书', hint: '办理与更换', asks: '数字证书怎么办理' },
      { name: '办件进度', hint: '查询结果', asks: '怎么查办件进度' },
    ],
  },
};

const asked = new URLSearchParams(location.search).get('province');
const province = Object.keys(HALLS).includes(asked) ? asked : 'gd';
const hall = HALLS[province];
const chat = document.querySelector('hrss-chat');

function ask(question) {
  chat.open();
  chat.sendText(question);
}

function tile({ name, hint, asks }) {
  const item = document.createElement('li');
  const button = document.createElement('button');
  const title = document.createElement('strong');
  const line = document.createElement('span');
  button.type = 'button';
  title.textContent = name;
  line.textContent = hint;
  button.append(title, line);
  button.addEventListener('click', () => ask(asks));
  item.append(button);
  return item;
}

document.documentElement.dataset.province = province;
document.title = hall.name;
chat.setAttribute('province', province);
chat.setAttribute('accent', hall.accent);

const texts = { name: hall.name, motto: hall.motto, footer: hall.name };
document.querySelectorAll('[data-text]').forEach(node => {
  node.textContent = texts[node.dataset.text];
});
document.querySelectorAll('[data-tiles]').forEach(list => list.append(...hall.tiles.map(tile)));
document.querySelectorAll('[data-ask]').forEach(button => {
  button.addEventListener('click', () => ask(button.dataset.ask));
});
document.querySelectorAll('[data-keep-province]').forEach(link => {
  link.search = `?province=${province}`;
});
document.querySelectorAll('[data-switch]').forEach(link => {
  if (link.dataset.switch === province) link.setAttribute('aria-current', 'page');
});
