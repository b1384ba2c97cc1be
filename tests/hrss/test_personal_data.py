import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrss.identifiers import Kind
from hrss.personal_data import find

ID, CERTIFICATE, PHONE, CARD = Kind.RESIDENT_ID, Kind.CERTIFICATE, Kind.PHONE, Kind.BANK_CARD
CODE, PASSWORD = Kind.SMS_CODE, Kind.PASSWORD

FOUND = [
    # resident ids
    ("440106199001010013", [(ID, "440106199001010013")]),
    ("我身份证440106199001010013，帮我查下", [(ID, "440106199001010013")]),
    ("身份证号码:11010519491231002x", [(ID, "11010519491231002X")]),
    ("１１０１０５１９４９１２３１００２ｘ", [(ID, "11010519491231002X")]),
    ("440106 19900101 0013", [(ID, "440106199001010013")]),
    ("440106-19900101-0013", [(ID, "440106199001010013")]),
    ("4401 0619 9001 0100 13", [(ID, "440106199001010013")]),
    ("440106　1990　0101　0013", [(ID, "440106199001010013")]),
    ("110105 19491231 002 x，对吗", [(ID, "11010519491231002X")]),
    ("440106—19900101—0013", [(ID, "440106199001010013")]),
    ("sfz440106199001010013", [(ID, "440106199001010013")]),
    ("440106\u200b19900101\u200b0013", [(ID, "440106199001010013")]),
    ("620102198808081238是我爸的", [(ID, "620102198808081238")]),
    ("4 4 0 1 0 6 1 9 9 0 0 1 0 1 0 0 1 3", [(ID, "440106199001010013")]),
    ("https://hall.example/q?id=440106199001010013", [(ID, "440106199001010013")]),
    # mistyped resident ids
    ("440106199001010014", [(ID, "440106199001010014")]),
    ("身份证 44010619900101001", [(ID, "44010619900101001")]),
    ("身份證號 4401061990010100133", [(ID, "4401061990010100133")]),
    # certificates of Hong Kong, Macau and Taiwan residents
    ("回乡证H12345678", [(CERTIFICATE, "H12345678")]),
    ("我的港澳通行证是 m0123456701", [(CERTIFICATE, "M0123456701")]),
    ("H 1234 5678，這是我的回鄉證", [(CERTIFICATE, "H12345678")]),
    ("台胞证号 01234567", [(CERTIFICATE, "01234567")]),
    ("臺灣居民來往大陸通行證01234567", [(CERTIFICATE, "01234567")]),
    ("居住证810000197906300011", [(CERTIFICATE, "810000197906300011")]),
    # phones
    ("13800138000", [(PHONE, "13800138000")]),
    ("电话是138 0013 8000", [(PHONE, "13800138000")]),
    ("138-0013-8000", [(PHONE, "13800138000")]),
    ("+86 138 0013 8000", [(PHONE, "13800138000")]),
    ("＋８６－１３８００１３８０００", [(PHONE, "13800138000")]),
    ("8613800138000打不通", [(PHONE, "13800138000")]),
    ("008613800138000", [(PHONE, "13800138000")]),
    ("手机号１３８００１３８０００收不到", [(PHONE, "13800138000")]),
    ("1 3 8 0 0 1 3 8 0 0 0", [(PHONE, "13800138000")]),
    ("tel13800138000", [(PHONE, "13800138000")]),
    ("13800138000、13900139000都不是我的", [(PHONE, "13800138000"), (PHONE, "13900139000")]),
    ("忘记密码 13800138000", [(PHONE, "13800138000")]),
    ("13800138000@mail.example", [(PHONE, "13800138000")]),
    # bank cards
    ("6222021234567890128", [(CARD, "6222021234567890128")]),
    ("卡号6217 0000 1234 5670", [(CARD, "6217000012345670")]),
    ("6222-0212-3456-7890-128", [(CARD, "6222021234567890128")]),
    ("９５５８８０１２３４５６７８９０１２８", [(CARD, "9558801234567890128")]),
    ("4111111111111111是我的卡", [(CARD, "4111111111111111")]),
    ("银行卡6222021234567890129", [(CARD, "6222021234567890129")]),
    # SMS codes
    ("482915", [(CODE, "482915")]),
    (" 482 915 。", [(CODE, "482915")]),
    ("验证码482915", [(CODE, "482915")]),
    ("驗證碼：4829", [(CODE, "4829")]),
    ("短信验证码是 48291536，然后呢", [(CODE, "48291536")]),
    ("482915是我收到的验证码", [(CODE, "482915")]),
    ("码是4829", [(CODE, "4829")]),
    ("校验码为【482915】", [(CODE, "482915")]),
    ("动态密码是482915", [(CODE, "482915")]),
    # passwords
    ("密码是Abc@1234", [(PASSWORD, "Abc@1234")]),
    ("密码：qwerty，登不上", [(PASSWORD, "qwerty")]),
    ("我的登录密码为 123456", [(PASSWORD, "123456")]),
    ("密碼:ｈｅｌｌｏ１２３", [(PASSWORD, "hello123")]),
    ("口令8a8b8c", [(PASSWORD, "8a8b8c")]),
    ("pwd=hunter2!", [(PASSWORD, "hunter2!")]),
    ("Password: correct-horse", [(PASSWORD, "correct-horse")]),
    ("my password is hunter2", [(PASSWORD, "hunter2")]),
    ("密码abc12345总说不对", [(PASSWORD, "abc12345")]),
    ("我把密码改成zhang1990了", [(PASSWORD, "zhang1990")]),
    ("密码是我生日aa19900101", [(PASSWORD, "我生日aa19900101")]),
    ("密码是13800138000", [(PASSWORD, "13800138000")]),
    ("密码是123456这个对吗", [(PASSWORD, "123456")]),
    ("密码应该是Abc123，旧密码是Abc122", [(PASSWORD, "Abc123"), (PASSWORD, "Abc122")]),
    # several kinds in one message
    (
        "我叫张三 440106199001010013 手机13800138000 卡6217000012345670 验证码482915 密码Abc123",
        [(ID, "440106199001010013"), (PHONE, "13800138000"), (CARD, "6217000012345670")]
        + [(CODE, "482915"), (PASSWORD, "Abc123")],
    ),
    ("13800138000 440106199001010013", [(PHONE, "13800138000"), (ID, "440106199001010013")]),
    ("91440101MA0000123N 经办人13800138000", [(PHONE, "13800138000")]),
]

NOT_PERSONAL = [
    # codes of organizations
    "91440101MA0000123N",
    "统一社会信用代码是91440101MA0000123N，单位叫示例贸易有限公司",
    "９１４４０１０１ＭＡ００００１２３Ｎ",
    "914403007123456789",
    "914401017121000104",  # also passes the check of bank cards
    "9144 0101 7121 0006 09",
    "624401017121000117",
    "52441900199001011U",
    "123101200101011030",  # reads like a resident id born on 2001-01-01
    "914401017121000105",  # mistyped
    "组织机构代码71234567-9",
    "组织机构代码是12345678",
    "单位管理码 44010012345678",
    # numbers of other things
    "410199000001",
    "返还164208.45元",
    "缴费547361元，比例30%，返还164208.45元",
    "工单号GD20240101000123到哪了",
    "受理号 4401202400001201",  # passes the check of bank cards
    "案件20240101-000123",
    "2023年度稳岗返还",
    "20231231",
    "2024-01-01 09:30:00",
    "拨打12333没人接",
    "020-12345678",
    "12345678901234",
    "https://hall.example/a/6222021234567890128.html",
    "550e8400-e29b-41d4-a716-446655440000",
    "第4829号文件",
    "授权码是482915",
    "邮编是510000",
    "H12345678这个型号的打印机",
    # talk about passwords and codes
    "密码忘了",
    "密码是什么",
    "我的密码是多少",
    "密码怎么改",
    "密码找回",
    "密码为什么总提示错误1001",
    "密码：怎么改？",
    "密码不对",
    "忘记密码了怎么办",
    "新密码要8位以上吗",
    "密码是8-20位字母加数字吗",
    "密码设置为6到12位可以吗",
    "密码是2023年设的",
    "重置密码后1-2个工作日",
    "口令是哪里来的",
    "password is incorrect",
    "forgot password",
    "验证码收不到",
    "验证码是几位的",
    "验证码2024年起就收不到了",
    "验证码错误",
    "您好",
    "",
]


@pytest.mark.parametrize(("text", "expected"), FOUND, ids=[text for text, _ in FOUND])
def test_what_is_personal_is_found_as_it_is_typed(text: str, expected: list[tuple[Kind, str]]) -> None:
    assert expected == [(finding.kind, finding.value) for finding in find(text)]


@pytest.mark.parametrize("text", NOT_PERSONAL)
def test_what_is_not_personal_is_left(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("电话是+86 138 0013 8000。", "+86 138 0013 8000"),
        ("＋８６１３８００１３８０００", "＋８６１３８００１３８０００"),
        ("身份证 110105 19491231 002x，", "110105 19491231 002x"),
        ("密碼：ｈｅｌｌｏ１２３，", "ｈｅｌｌｏ１２３"),
        ("ﷺ验证码【482915】", "482915"),  # the first character normalises to eighteen
    ],
)
def test_a_finding_covers_exactly_what_was_typed(text: str, typed: str) -> None:
    [finding] = find(text)

    assert typed == text[finding.start : finding.end]


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("440106199001010013", True),
        ("440106199001010014", False),
        ("身份证 44010619900101001", False),
        ("银行卡6222021234567890128", True),
        ("银行卡6222021234567890129", False),
    ],
)
def test_a_mistyped_number_is_personal_and_says_so(text: str, valid: bool) -> None:
    assert [valid] == [finding.valid for finding in find(text)]


def test_a_code_that_was_asked_for_needs_no_word_beside_it() -> None:
    assert find("她说是482915") == []
    assert [finding.value for finding in find("她说是482915", asked_for=frozenset({CODE}))] == ["482915"]
    assert find("等到2024年", asked_for=frozenset({CODE})) == []


TELLING = st.sampled_from(
    ["密码", "密码是", "验证码", "身份证", "卡号", "通行证", "pwd", "password is ", "https://", "www."]
    + [
        "440106",
        "19900101",
        "0013",
        "13800138000",
        "6222",
        "H",
        "X",
        " ",
        "-",
        "：",
        "，",
        "〔",
        "１３８",
        "\n",
    ]
)


@given(st.lists(TELLING | st.characters(), max_size=60).map("".join))
def test_findings_are_in_order_and_apart_whatever_is_typed(text: str) -> None:
    findings = find(text)

    end = 0
    for finding in findings:
        assert end <= finding.start < finding.end <= len(text)
        assert finding.value
        end = finding.end


@settings(max_examples=25)
@given(st.lists(TELLING, min_size=1, max_size=4).map("".join))
def test_any_pattern_repeated_to_ten_thousand_characters_is_read(pattern: str) -> None:
    text = (pattern * 10_000)[:10_000]

    assert all(finding.end <= len(text) for finding in find(text))


@pytest.mark.parametrize(
    "pattern",
    ["1 ", "1-", "6222 ", "pwd", "pwd1", "密码", "密码是我", "验证码:", "www.", " ", "H1 ", "忘", "身份证1"],
)
def test_adversarial_text_of_any_length_is_read(pattern: str) -> None:
    find(pattern * (20_000 // len(pattern)))


def test_a_card_behind_an_address_and_a_chinese_comma_is_no_part_of_the_address() -> None:
    [found] = find("登录网址https://ggfw.hrss.gd.gov.cn/isso，6212262000000731941")

    assert (found.kind, found.value) == (Kind.BANK_CARD, "6212262000000731941")
