"""
Everything the business refuses, on one page.

* Refusal
  + SessionRefusal: the conversation cannot go on
    - SessionUnknown
    - SessionEnded
  + MessageRefusal: what was sent does not fit this conversation
    - MessageIdReused
    - OptionExpired
    - NothingToRate
    - TokenUnknown
  + StaffRefusal: a console account does not allow it
    - UsernameTaken
    - UsernameMalformed
    - NameMissing
    - StaffUnknown
    - PasswordWrong
    - PasswordTooWeak
    - SecondFactorWrong
    - LastAdministrator
    - NotPermitted
  + ReviewRefusal: a conversation cannot be reviewed or taken over so
    - ConversationUnknown
    - VerdictMalformed
    - CommentEmpty
    - NothingToReveal
    - RevealReasonNeeded
    - NothingToTest
    - HandoverGone
    - HandoverTaken
    - NobodyOnDuty
    - VocabularyMalformed
  + BookRefusal: the book cannot be changed so
    - NothingChanged
    - ChangeUnknown
    - ChangeStale
    - ChangeNotApproved
    - NotYourOwn
    - EntryUnfit
    - VersionUnknown
    - TrialUnknown
    - ModelUnknown
    - ManualUnreadable
    - DraftUnknown
  + IdentifierRefusal: a number was mistyped
    - ResidentIdRefusal
      · ResidentIdWrongLength
      · ResidentIdWrongCharacters
      · ResidentIdWrongRegion
      · ResidentIdWrongBirthDate
      · ResidentIdWrongCheckDigit
    - CertificateRefusal
      · CertificateWrongForm
      · CertificateWrongBirthDate
      · CertificateWrongCheckDigit
    - UsccRefusal
      · UsccWrongLength
      · UsccWrongCharacters
      · UsccWrongCheckDigit
    - OrgCodeRefusal
      · OrgCodeWrongForm
      · OrgCodeWrongCheckDigit
    - PhoneRefusal
      · PhoneWrongLength
      · PhoneNotMobile
    - BankCardRefusal
      · BankCardWrongLength
      · BankCardWrongCharacters
      · BankCardWrongCheckDigit
    - CaseNumberWrong
    - SlipNumberWrong
  + IdentityRefusal: the person has not shown who they are
    - IdentityTokenInvalid
    - IdentityTokenExpired
    - IdentityDiffers
    - ProofNeeded
    - SignInAsOrganization
    - SignInAsPerson
  + WechatRefusal: the WeChat account does not allow it
    - NotOnWechat
    - WechatNotBound
  + AttemptRefusal: tried wrongly, or too often
    - SmsCodeTooSoon
    - SmsCodesUsedUp
    - SmsCodeLocked
    - SmsCodeWrong
    - SmsCodeExpired
    - SecurityAnswersWrong
    - SecurityAnswersLocked
    - UnionPayDiffers
    - UnionPayLocked
    - LivePersonLocked
    - GrantCodeWrong
    - GrantCodeLocked
    - TooManyChecks
    - TooManyFromHere
  + AccountRefusal: the account does not allow it
    - NoAccount
    - WhichAccount
    - OnlyPrimaryContact
    - NoDuplicateAccounts
    - LegalRepresentativeDiffers
    - LivePersonNotRecognised
    - RealNameNotRaised
    - OrgNumberFixed
    - NameOnlyByUpdate
    - NothingToUpdate
    - NotInRegister
  + BindingRefusal: a binding or a grant cannot go this way
    - PersonNotRegistered
    - PersonDiffers
    - AlreadyBound
    - AlreadyRequested
    - NoSuchRequest
    - NotBound
    - WhichOrganization
    - NoSuchOperator
    - ContactMustBeReplaced
    - AlreadyPrimaryContact
    - NotGranted
    - AlreadyGranted
    - AlreadyVerified
  + PhotoRefusal: a photo cannot be used
    - ConsentNeeded
    - PhotoNotFetched
    - PhotoTooLarge
    - PhotoWrongType
    - PhotoBroken
    - PhotoTooSmall
    - PhotoTooManyPages
    - PhotoBlank
    - PhotoTooDark
    - PhotoBlurred
    - PhotoTooMany
    - PhotoMissing
    - PhotoUnknown
  + SystemAway: a system around the hall does not answer
  + CaseRefusal: a case cannot go this way
    - CaseUnknown
    - CaseNotOpen
    - CaseAlreadyDecided
    - CaseWithAnother
    - StaffMayNot
    - ReasonNeeded
    - NothingToApprove
  + FigureRefusal: a figure was mistyped
    - MoneyWrongForm
    - PercentWrongForm
  + ImportRefusal: a file of assessments cannot be taken in
    - FileUnreadable
    - ColumnMissing
    - RowsWrong
    - NothingToImport
    - BatchUnknown
    - BatchAlreadyApproved
  + RefundRefusal: a refund cannot be confirmed so
    - NoAssessment
    - NoRegulation
    - NotRead
    - NotTicked
    - NoticePublished
    - NothingToSubmit
    - TaskReplaced
    - NothingToPublish
    - SlipUnknown
    - SlipLinkExpired
  + PortalRefusal: the hall of Henan does not allow it
    - AlreadyRegistered
    - MaintainedTooOften
    - MaintainedTwiceToday
    - BookingUnknown
  + ClosureRefusal: something is closed, or cannot be
    - FlowClosed
    - AlreadyClosed
    - NotClosed
    - NotClosable
  + BulletinRefusal: an emergency notice cannot be said so
    - BulletinTextMissing
    - BulletinTextTooLong
    - BulletinHoldsNumber
    - BulletinTimesWrong
    - BulletinAboutUnknown
    - BulletinUnknown

Facts never hold the value that was typed: they travel into sentences and logs.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(eq=False)
class Refusal(Exception):
    """
    The business says no, for a reason the person asking should hear.

    The words are the response `utter_refused_<key>`; the fields fill its blanks.
    Anything raised that is not a Refusal is a bug.
    """

    key: ClassVar[str]

    @property
    def facts(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return " ".join([self.key, *(f"{name}={fact}" for name, fact in self.facts.items())])


def by_key(key: str) -> type[Refusal]:
    """The refusal that has this key."""
    families = [Refusal]
    for family in families:  # grows while we walk it
        families += family.__subclasses__()
    return next(family for family in families if family.__dict__.get("key") == key)


class SessionRefusal(Refusal):
    """The conversation cannot go on; a new one can be opened."""


class SessionUnknown(SessionRefusal):
    key = "session_unknown"


class SessionEnded(SessionRefusal):
    key = "session_ended"


class MessageRefusal(Refusal):
    """What was sent does not fit this conversation, which goes on."""


class MessageIdReused(MessageRefusal):
    key = "message_id_reused"


class OptionExpired(MessageRefusal):
    key = "option_expired"


class NothingToRate(MessageRefusal):
    key = "nothing_to_rate"


class TokenUnknown(MessageRefusal):
    """The value behind a token is not kept: forgotten, never stored, or of another conversation."""

    key = "token_unknown"


class StaffRefusal(Refusal):
    """A console account does not allow it, or cannot be made so."""


@dataclass(eq=False)
class UsernameTaken(StaffRefusal):
    key = "username_taken"
    username: str


class UsernameMalformed(StaffRefusal):
    key = "username_malformed"


class NameMissing(StaffRefusal):
    key = "name_missing"


class StaffUnknown(StaffRefusal):
    key = "staff_unknown"


class PasswordWrong(StaffRefusal):
    key = "password_wrong"


@dataclass(eq=False)
class PasswordTooWeak(StaffRefusal):
    """Too short, the old one, or made of the username."""

    key = "password_too_weak"
    characters: int


class SecondFactorWrong(StaffRefusal):
    """The code does not fit the secret: the app's clock, or a slip."""

    key = "second_factor_wrong"


class LastAdministrator(StaffRefusal):
    """Without them nobody could manage accounts any more."""

    key = "last_administrator"


class NotPermitted(StaffRefusal):
    """The role of this member of staff does not allow it (`hrss/permissions.py`)."""

    key = "not_permitted"


class ReviewRefusal(Refusal):
    """A conversation cannot be reviewed or taken over so."""


class ConversationUnknown(ReviewRefusal):
    key = "conversation_unknown"


class VerdictMalformed(ReviewRefusal):
    key = "verdict_malformed"


class CommentEmpty(ReviewRefusal):
    key = "comment_empty"


class NothingToReveal(ReviewRefusal):
    """The value is not kept any more, or is a secret that nobody may see."""

    key = "nothing_to_reveal"


@dataclass(eq=False)
class RevealReasonNeeded(ReviewRefusal):
    key = "reveal_reason_needed"
    characters: int


class NothingToTest(ReviewRefusal):
    """Nothing was understood in this conversation that a test could hold on to."""

    key = "nothing_to_test"


class HandoverGone(ReviewRefusal):
    """The conversation is with nobody of staff, or no longer waits for one."""

    key = "handover_gone"


@dataclass(eq=False)
class HandoverTaken(ReviewRefusal):
    key = "handover_taken"
    by: str


class NobodyOnDuty(ReviewRefusal):
    key = "nobody_on_duty"


class VocabularyMalformed(ReviewRefusal):
    """A list of words would be empty, too long, name something twice, or lose a step of its scale."""

    key = "vocabulary_malformed"


class BookRefusal(Refusal):
    """The book cannot be changed so."""


class NothingChanged(BookRefusal):
    key = "nothing_changed"


class ChangeUnknown(BookRefusal):
    """There is no such open change: it was published or discarded meanwhile."""

    key = "change_unknown"


@dataclass(eq=False)
class ChangeStale(BookRefusal):
    """The entry has become another since the change was made."""

    key = "change_stale"
    entry: str


@dataclass(eq=False)
class ChangeNotApproved(BookRefusal):
    key = "change_not_approved"
    entry: str


class NotYourOwn(BookRefusal):
    """Who made a change does not approve it."""

    key = "not_your_own"


@dataclass(eq=False)
class EntryUnfit(BookRefusal):
    """An entry breaks a rule of the book; `faults` is how many."""

    key = "entry_unfit"
    entry: str
    faults: int


@dataclass(eq=False)
class VersionUnknown(BookRefusal):
    key = "version_unknown"
    version: int


class TrialUnknown(BookRefusal):
    key = "trial_unknown"


class ModelUnknown(BookRefusal):
    """There is no such trained model, or it is not ready."""

    key = "model_unknown"


@dataclass(eq=False)
class ManualUnreadable(BookRefusal):
    """A file is no manual that can be read: another kind, damaged, too large, or nothing but pictures."""

    key = "manual_unreadable"
    file: str


class DraftUnknown(BookRefusal):
    """There is no such draft: it was taken or dropped meanwhile."""

    key = "draft_unknown"


class IdentifierRefusal(Refusal):
    """A number was mistyped: the person is asked again."""


class ResidentIdRefusal(IdentifierRefusal):
    """Not a resident identity number (居民身份证号码)."""


@dataclass(eq=False)
class ResidentIdWrongLength(ResidentIdRefusal):
    key = "resident_id_wrong_length"
    length: int


class ResidentIdWrongCharacters(ResidentIdRefusal):
    key = "resident_id_wrong_characters"


class ResidentIdWrongRegion(ResidentIdRefusal):
    key = "resident_id_wrong_region"


class ResidentIdWrongBirthDate(ResidentIdRefusal):
    key = "resident_id_wrong_birth_date"


class ResidentIdWrongCheckDigit(ResidentIdRefusal):
    key = "resident_id_wrong_check_digit"


class CertificateRefusal(IdentifierRefusal):
    """Not a certificate of a Hong Kong, Macau or Taiwan resident (港澳台证件)."""


class CertificateWrongForm(CertificateRefusal):
    key = "certificate_wrong_form"


class CertificateWrongBirthDate(CertificateRefusal):
    key = "certificate_wrong_birth_date"


class CertificateWrongCheckDigit(CertificateRefusal):
    key = "certificate_wrong_check_digit"


class UsccRefusal(IdentifierRefusal):
    """Not a unified social credit code (统一社会信用代码)."""


@dataclass(eq=False)
class UsccWrongLength(UsccRefusal):
    key = "uscc_wrong_length"
    length: int


class UsccWrongCharacters(UsccRefusal):
    key = "uscc_wrong_characters"


class UsccWrongCheckDigit(UsccRefusal):
    key = "uscc_wrong_check_digit"


class OrgCodeRefusal(IdentifierRefusal):
    """Not an organization code (组织机构代码)."""


class OrgCodeWrongForm(OrgCodeRefusal):
    key = "org_code_wrong_form"


class OrgCodeWrongCheckDigit(OrgCodeRefusal):
    key = "org_code_wrong_check_digit"


class PhoneRefusal(IdentifierRefusal):
    """Not a mainland mobile number."""


@dataclass(eq=False)
class PhoneWrongLength(PhoneRefusal):
    key = "phone_wrong_length"
    length: int


class PhoneNotMobile(PhoneRefusal):
    key = "phone_not_mobile"


class BankCardRefusal(IdentifierRefusal):
    """Not a bank card number."""


@dataclass(eq=False)
class BankCardWrongLength(BankCardRefusal):
    key = "bank_card_wrong_length"
    length: int


class BankCardWrongCharacters(BankCardRefusal):
    key = "bank_card_wrong_characters"


class BankCardWrongCheckDigit(BankCardRefusal):
    key = "bank_card_wrong_check_digit"


class CaseNumberWrong(IdentifierRefusal):
    """Not the number of a case."""

    key = "case_number_wrong"


class SlipNumberWrong(IdentifierRefusal):
    key = "slip_number_wrong"


class IdentityRefusal(Refusal):
    """The person has not shown who they are, or not well enough for this."""


class IdentityTokenInvalid(IdentityRefusal):
    key = "identity_token_invalid"


class IdentityTokenExpired(IdentityRefusal):
    key = "identity_token_expired"


class IdentityDiffers(IdentityRefusal):
    """Someone else is signed in with this conversation already."""

    key = "identity_differs"


class ProofNeeded(IdentityRefusal):
    key = "proof_needed"


class SignInAsOrganization(IdentityRefusal):
    """Only the organization's own account does this, signed in at the hall."""

    key = "sign_in_as_organization"


class SignInAsPerson(IdentityRefusal):
    """Only a person does this, signed in with their own account, and not the organization's account."""

    key = "sign_in_as_person"


class WechatRefusal(Refusal):
    """Binding a WeChat account to a person, or releasing it, is not possible here and now."""


class NotOnWechat(WechatRefusal):
    key = "not_on_wechat"


class WechatNotBound(WechatRefusal):
    key = "wechat_not_bound"


class AttemptRefusal(Refusal):
    """Tried wrongly, or too often."""


@dataclass(eq=False)
class SmsCodeTooSoon(AttemptRefusal):
    key = "sms_code_too_soon"
    seconds: int


@dataclass(eq=False)
class SmsCodesUsedUp(AttemptRefusal):
    key = "sms_codes_used_up"
    limit: int


@dataclass(eq=False)
class SmsCodeLocked(AttemptRefusal):
    key = "sms_code_locked"
    minutes: int


@dataclass(eq=False)
class SmsCodeWrong(AttemptRefusal):
    key = "sms_code_wrong"
    tries_left: int


class SmsCodeExpired(AttemptRefusal):
    """The code is too old, was used, or none was sent."""

    key = "sms_code_expired"


@dataclass(eq=False)
class SecurityAnswersWrong(AttemptRefusal):
    key = "security_answers_wrong"
    tries_left: int


@dataclass(eq=False)
class SecurityAnswersLocked(AttemptRefusal):
    key = "security_answers_locked"
    hours: int


@dataclass(eq=False)
class UnionPayDiffers(AttemptRefusal):
    """The bank knows no such card of such a person with such a phone."""

    key = "unionpay_differs"
    tries_left: int


@dataclass(eq=False)
class UnionPayLocked(AttemptRefusal):
    key = "unionpay_locked"
    hours: int


@dataclass(eq=False)
class LivePersonLocked(AttemptRefusal):
    key = "live_person_locked"
    hours: int


@dataclass(eq=False)
class GrantCodeWrong(AttemptRefusal):
    """Not the code issued to this operator for this organization, or used already."""

    key = "grant_code_wrong"
    tries_left: int


@dataclass(eq=False)
class GrantCodeLocked(AttemptRefusal):
    key = "grant_code_locked"
    hours: int


@dataclass(eq=False)
class TooManyChecks(AttemptRefusal):
    key = "too_many_checks"
    limit: int


@dataclass(eq=False)
class TooManyFromHere(AttemptRefusal):
    """Codes or tries of one conversation or one network address, over many phones."""

    key = "too_many_from_here"
    minutes: int


class AccountRefusal(Refusal):
    """The account does not allow it, or there is none."""


class NoAccount(AccountRefusal):
    key = "no_account"


@dataclass(eq=False)
class WhichAccount(AccountRefusal):
    """There are several, and one must be named."""

    key = "which_account"
    count: int


class OnlyPrimaryContact(AccountRefusal):
    """A real-named organization recovers its password only through its primary contact (002 §9)."""

    key = "only_primary_contact"


class NoDuplicateAccounts(AccountRefusal):
    key = "no_duplicate_accounts"


class LegalRepresentativeDiffers(AccountRefusal):
    """From what the market-regulation register has: to be completed anew first (000)."""

    key = "legal_representative_differs"


class LivePersonNotRecognised(AccountRefusal):
    key = "live_person_not_recognised"


class RealNameNotRaised(AccountRefusal):
    """The system asked does not know this person as real-named."""

    key = "real_name_not_raised"


class OrgNumberFixed(AccountRefusal):
    """Certificate type and number of an organization never change (U6)."""

    key = "org_number_fixed"


class NameOnlyByUpdate(AccountRefusal):
    """A real-named organization's name changes only by 更新 (U6)."""

    key = "name_only_by_update"


class NothingToUpdate(AccountRefusal):
    """What is on the platform is what the market-regulation register has."""

    key = "nothing_to_update"


class NotInRegister(AccountRefusal):
    """The market-regulation register has nothing under this code."""

    key = "not_in_register"


class BindingRefusal(Refusal):
    """A binding or a grant cannot go this way."""


class PersonNotRegistered(BindingRefusal):
    """Nobody has registered with this certificate number (U8), as the registration page would tell too (U7)."""

    key = "person_not_registered"


class PersonDiffers(BindingRefusal):
    """Someone has registered with this number, and the name typed is another (U8)."""

    key = "person_differs"


class AlreadyBound(BindingRefusal):
    key = "already_bound"


class AlreadyRequested(BindingRefusal):
    """The person has been asked, and has not answered yet."""

    key = "already_requested"


class NoSuchRequest(BindingRefusal):
    """There is no request to this person from this organization, or it is no longer open."""

    key = "no_such_request"


class NotBound(BindingRefusal):
    """The person asking is not bound to this organization, or there is none."""

    key = "not_bound"


@dataclass(eq=False)
class WhichOrganization(BindingRefusal):
    """They are bound to several, and one must be chosen."""

    key = "which_organization"
    count: int


class NoSuchOperator(BindingRefusal):
    """The person named is none of the organization's operators, or has not accepted yet."""

    key = "no_such_operator"


class ContactMustBeReplaced(BindingRefusal):
    """The primary contact is released only after another one is named (B3)."""

    key = "contact_must_be_replaced"


class AlreadyPrimaryContact(BindingRefusal):
    key = "already_primary_contact"


@dataclass(eq=False)
class NotGranted(BindingRefusal):
    """The operator lacks the grant of this business (B4)."""

    key = "not_granted"
    business: str


@dataclass(eq=False)
class AlreadyGranted(BindingRefusal):
    key = "already_granted"
    business: str


class AlreadyVerified(BindingRefusal):
    """The organization is real-named for this operator (B7)."""

    key = "already_verified"


class PhotoRefusal(Refusal):
    """A photo cannot be used."""


@dataclass(eq=False)
class ConsentNeeded(PhotoRefusal):
    key = "consent_needed"
    kind: str


class PhotoNotFetched(PhotoRefusal):
    """It was sent through a channel that does not hand it over now."""

    key = "photo_not_fetched"


@dataclass(eq=False)
class PhotoTooLarge(PhotoRefusal):
    key = "photo_too_large"
    megabytes: int


class PhotoWrongType(PhotoRefusal):
    key = "photo_wrong_type"


class PhotoBroken(PhotoRefusal):
    key = "photo_broken"


@dataclass(eq=False)
class PhotoTooSmall(PhotoRefusal):
    """The least width and height that can be read."""

    key = "photo_too_small"
    width: int
    height: int


@dataclass(eq=False)
class PhotoTooManyPages(PhotoRefusal):
    key = "photo_too_many_pages"
    limit: int


class PhotoBlank(PhotoRefusal):
    key = "photo_blank"


class PhotoTooDark(PhotoRefusal):
    key = "photo_too_dark"


class PhotoBlurred(PhotoRefusal):
    key = "photo_blurred"


@dataclass(eq=False)
class PhotoTooMany(PhotoRefusal):
    key = "photo_too_many"
    limit: int


class PhotoMissing(PhotoRefusal):
    key = "photo_missing"


class PhotoUnknown(PhotoRefusal):
    """No such photo in this conversation, or it is in a case already."""

    key = "photo_unknown"


@dataclass(eq=False)
class SystemAway(Refusal):
    """A system around the hall does not answer: nothing was done, and later it may be."""

    key = "system_away"
    system: str  # its name, as people know it


class CaseRefusal(Refusal):
    """A case cannot go this way."""


class CaseUnknown(CaseRefusal):
    """For staff. Everyone else hears `ProofNeeded`, whether or not there is such a case."""

    key = "case_unknown"


@dataclass(eq=False)
class CaseNotOpen(CaseRefusal):
    """What was asked does not fit the state the case is in."""

    key = "case_not_open"
    number: str
    state: str


@dataclass(eq=False)
class CaseAlreadyDecided(CaseRefusal):
    key = "case_already_decided"
    number: str
    state: str


@dataclass(eq=False)
class CaseWithAnother(CaseRefusal):
    """Another member of staff reviews it; it can be taken over from them first."""

    key = "case_with_another"
    number: str
    by: str


class StaffMayNot(CaseRefusal):
    """This member of staff has no role that decides such cases."""

    key = "staff_may_not"


class ReasonNeeded(CaseRefusal):
    key = "reason_needed"


class NothingToApprove(CaseRefusal):
    """No account fits what the case claims, so it can only be returned or rejected."""

    key = "nothing_to_approve"


class FigureRefusal(Refusal):
    """A figure in a file is not written as it should be."""


class MoneyWrongForm(FigureRefusal):
    key = "money_wrong_form"


class PercentWrongForm(FigureRefusal):
    """Also where the percent sign is missing: 0.3 may mean 30% or 0.3%."""

    key = "percent_wrong_form"


class ImportRefusal(Refusal):
    """A file of assessments is not taken in; nothing of it is stored."""


class FileUnreadable(ImportRefusal):
    key = "file_unreadable"


@dataclass(eq=False)
class ColumnMissing(ImportRefusal):
    key = "column_missing"
    columns: str


@dataclass(eq=False)
class RowsWrong(ImportRefusal):
    """`errors` has one line an error, with the line of the file; a file full of errors shows the first hundred."""

    key = "rows_wrong"
    count: int
    errors: tuple[str, ...]

    def __str__(self) -> str:
        shown = list(self.errors)
        if self.count > len(shown):
            shown.append(f"… {self.count - len(shown)} more")
        return "\n".join([f"{self.key} count={self.count}", *shown])


class NothingToImport(ImportRefusal):
    key = "nothing_to_import"


class BatchUnknown(ImportRefusal):
    key = "batch_unknown"


@dataclass(eq=False)
class BatchAlreadyApproved(ImportRefusal):
    key = "batch_already_approved"
    number: str


class RefundRefusal(Refusal):
    """A refund (稳岗返还) is not confirmed; nothing has changed."""


class NoAssessment(RefundRefusal):
    """The agency has determined nothing for this organization, or not yet approved it."""

    key = "no_assessment"


class NoRegulation(RefundRefusal):
    """There is no text to read, so nothing can be confirmed."""

    key = "no_regulation"


@dataclass(eq=False)
class NotRead(RefundRefusal):
    """F3: not long enough since the text was delivered."""

    key = "not_read"
    seconds: int  # in all
    left: int


class NotTicked(RefundRefusal):
    key = "not_ticked"


@dataclass(eq=False)
class NoticePublished(RefundRefusal):
    """F6: after the public notice nothing is accepted, neither here nor at the counter."""

    key = "notice_published"
    year: int
    decision: str  # what the notice rests on


class NothingToSubmit(RefundRefusal):
    key = "nothing_to_submit"


@dataclass(eq=False)
class TaskReplaced(RefundRefusal):
    """Someone else of the organization has saved another choice since."""

    key = "task_replaced"
    decision: str


class NothingToPublish(RefundRefusal):
    """No assessment of this province and year is approved."""

    key = "nothing_to_publish"


class SlipUnknown(RefundRefusal):
    key = "slip_unknown"


class SlipLinkExpired(RefundRefusal):
    """A link to a slip, outside the minutes it is good for, or its talk has ended."""

    key = "slip_link_expired"


class PortalRefusal(Refusal):
    """Henan's hall does not allow it."""


class AlreadyRegistered(PortalRefusal):
    """H3: the code is maintained before the organization registers in the unit hall, never after."""

    key = "already_registered"


@dataclass(eq=False)
class MaintainedTooOften(PortalRefusal):
    key = "maintained_too_often"
    limit: int


@dataclass(eq=False)
class MaintainedTwiceToday(PortalRefusal):
    key = "maintained_twice_today"
    limit: int


class BookingUnknown(PortalRefusal):
    key = "booking_unknown"


class ClosureRefusal(Refusal):
    """Something is closed, or cannot be."""


@dataclass(eq=False)
class FlowClosed(ClosureRefusal):
    """What the person wants to do is closed for a while."""

    key = "flow_closed"
    reason: str


@dataclass(eq=False)
class AlreadyClosed(ClosureRefusal):
    key = "already_closed"
    name: str


@dataclass(eq=False)
class NotClosed(ClosureRefusal):
    key = "not_closed"
    name: str


@dataclass(eq=False)
class NotClosable(ClosureRefusal):
    """There is no channel or flow of this name."""

    key = "not_closable"
    name: str


class BulletinRefusal(Refusal):
    """An emergency notice cannot be said so."""


class BulletinTextMissing(BulletinRefusal):
    key = "bulletin_text_missing"


@dataclass(eq=False)
class BulletinTextTooLong(BulletinRefusal):
    key = "bulletin_text_too_long"
    limit: int


class BulletinHoldsNumber(BulletinRefusal):
    """Something in it reads like a personal number."""

    key = "bulletin_holds_number"


@dataclass(eq=False)
class BulletinTimesWrong(BulletinRefusal):
    """It ends before it begins, has ended already, or would stand for too long."""

    key = "bulletin_times_wrong"
    days: int


@dataclass(eq=False)
class BulletinAboutUnknown(BulletinRefusal):
    """There is no entry, flow or channel of this name."""

    key = "bulletin_about_unknown"
    name: str


class BulletinUnknown(BulletinRefusal):
    """There is no such bulletin that waits for this: it was approved or has ended meanwhile."""

    key = "bulletin_unknown"
