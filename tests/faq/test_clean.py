"""What the first stage of understanding does to a text, and what it leaves alone."""

import pytest

from faq.clean import LONGEST, clean, letters, plain

ORDINARY = [
    "渠道",
    "知道",
    "完整",
    "影响",
    "怎么办呢",
    "如果个人账号没实名",
    "结果个人账号登不上",
    "找会计办",
    "确认正确",
    "确认政策",
    "确认证书",
    "承认政策",
    "按照回复办理",
    "依照回执",
    "需要验证吗",
    "临时名单",
    "小时名额",
    "同时名字",
    "要求保密吗",
    "授权马上生效",
    "一张号码牌",
    "转账好了",
    "经办任务",
    "证件找不到了",
    "证件找谁要",
    "支付账号",
    "旁边个人登录",
    "右边只有一个",
    "左边道路",
    "旁边处理",
    "等了一阵时间",
    "早点先办",
    "断网停电",
    "攀登路线",
    "不单为自己",
    "等及时通知",
    "名字账号",
    "数字账号",
    "系统",
    "联系人",
    "常用联系人",
    "关系",
    "体系",
    "晒太阳",
    "护照回来",
    "执照回执",
    "真实民族",
    "法定代表人",
    "社保局窗口",
    "公示期",
    "组织机构代码",
    "电子营业执照",
    "单位缓交登记申报",
    "就业失业登记",
    "管理员审核",
    "短信通知",
    "清理浏览器缓存",
    "无法登录",
    "待办区",
    "维护信用代码",
    "复印件",
    "开户口本证明",
]


@pytest.mark.parametrize("words", ORDINARY)
def test_ordinary_words_stay_as_they_are(words: str) -> None:
    assert clean(words) == words


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("帐号登陆不了", "账号登录不了"),
        ("經辦人點樣綁訂", "经办人怎么绑定"),
        ("唔記得密玛", "忘记密码"),
        ("照回帐号", "找回账号"),
        ("找会账号", "找回账号"),
        ("实明认正失败", "实名认证失败"),
        ("时名认证", "实名认证"),
        ("收不到验证吗", "收不到验证码"),
        ("系统係咪壞咗", "系统是不是坏了"),
        ("付账号信息", "父账号信息"),
        ("公式期过了", "公示期过了"),
        ("喺邊度登記", "哪里登记"),
        ("ＵＫ插不上", "uk插不上"),
        ("reset公司account嘅password", "重设公司账号的密码"),
    ],
)
def test_what_people_mistype_is_read_as_the_book_spells_it(said: str, read: str) -> None:
    assert clean(said) == read


def test_cleaning_twice_changes_nothing_more() -> None:
    for words in ORDINARY:
        assert clean(clean(words)) == clean(words)


def test_invisible_characters_and_repetition_are_dropped() -> None:
    assert plain("登\u200b录\ufeff！！！！！！") == "登录!!!"


def test_a_long_text_is_cut() -> None:
    assert len(plain("我想问一下单位注册" * 1000)) == LONGEST


def test_letters_ignore_punctuation() -> None:
    assert letters("用户名，已被 使用！") == letters("“用户名已被使用”")
