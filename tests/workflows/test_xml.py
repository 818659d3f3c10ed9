"""The one entry for XML refuses what is hostile and says where."""

import codecs

import pytest

from workflows.errors import InvalidInput
from workflows.xml import DEFAULT, Limits, XmlRefused, canonical, parse, serialize

BILLION_LAUGHS = (
    b'<?xml version="1.0"?>\n<!DOCTYPE lolz [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    + b"]><lolz>&j;</lolz>"
)


def refusal(data: bytes, limits: Limits = DEFAULT):
    with pytest.raises(XmlRefused) as caught:
        parse(data, limits=limits)
    assert isinstance(caught.value, InvalidInput)
    (problem,) = caught.value.problems
    assert problem.severity == "fatal"
    assert problem.text()
    return problem


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (BILLION_LAUGHS, "xml-doctype"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "xml-doctype"),
        (b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;]><a/>', "xml-doctype"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a/>', "xml-doctype"),
        (b"<!DOCTYPE a><a/>", "xml-doctype"),
        (b"<a>&undeclared;</a>", "xml-malformed"),
        (b"<a>" * 5000 + b"</a>" * 5000, "xml-too-large"),
        (b"<a>" + b"<b/>" * 60_000 + b"</a>", "xml-too-large"),
        (b"<a " + b" ".join(b'x%d=""' % i for i in range(500)) + b"/>", "xml-too-large"),
        (b'<a x="' + b"y" * 200_000 + b'"/>', "xml-too-large"),
        (b"<a>" + b" " * DEFAULT.size + b"</a>", "xml-too-large"),
        ('<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16"), "xml-encoding"),
        ("<a/>".encode("utf-16-le"), "xml-encoding"),
        ("<a/>".encode("utf-32-be"), "xml-encoding"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>'.encode("latin-1"), "xml-encoding"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>'.encode(), "xml-encoding"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a>+ADw-</a>', "xml-encoding"),
        (b"<a>\0</a>", "xml-encoding"),
        (b"<a>\x01</a>", "xml-malformed"),
        (b"<a>&#0;</a>", "xml-malformed"),
        (b"<a><b></a>", "xml-malformed"),
        (b"<a><b>", "xml-malformed"),
        (b"", "xml-malformed"),
        (b"   ", "xml-malformed"),
        (b"not xml at all", "xml-malformed"),
        (b"<a x='1' x='2'/>", "xml-malformed"),
        (b"<p:a/>", "xml-malformed"),
        (b"<a/><b/>", "xml-malformed"),
        (
            b'<a xmlns:i="http://www.w3.org/2001/XInclude"><i:include href="/etc/passwd" parse="text"/></a>',
            "xml-xinclude",
        ),
        (b'<include xmlns="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>', "xml-xinclude"),
    ],
)
def test_hostile_xml_is_refused_by_its_name(data, code):
    assert refusal(data).code == code


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"PK\x03\x04zip", "it does not begin with <"), (b" \n", "it is empty"), (b"<a>&</a>", "invalid token")],
)
def test_what_is_no_xml_is_told_why(data, reason):
    assert refusal(data).params == {"reason": reason}


def test_the_place_of_a_refusal_is_line_and_column():
    assert refusal(b"<a>\n  <b>\n</a>").place == "3:3"
    assert refusal(b"<?xml version='1.0'?>\n<!DOCTYPE a><a/>").place.startswith("2:")
    assert refusal(b"<a>\nab\xff</a>").place == "2:3"


def test_an_attribute_that_repeats_an_entity_is_not_expanded():
    data = b'<!DOCTYPE a [<!ENTITY x "' + b"y" * 10_000 + b'">]><a b="' + b"&x;" * 10_000 + b'"/>'
    assert refusal(data).code == "xml-doctype"


def test_limits_are_the_callers():
    assert refusal(b"<a><b/><b/></a>", Limits(elements=2)).code == "xml-too-large"
    assert refusal(b"<a><b><c/></b></a>", Limits(depth=2)).code == "xml-too-large"
    assert len(parse(b"<a>" + b"<b/>" * 60_000 + b"</a>", limits=Limits(elements=100_000))) == 60_000


def test_a_comment_does_not_cut_a_text_in_two():
    assert parse(b"<a>fund<!-- -->@evil</a>").text == "fund@evil"


def test_processing_instructions_are_left_out():
    root = parse(b'<?xml-stylesheet href="x.xsl"?><a><?php x?><b/></a>')
    assert serialize(root) == b"<?xml version='1.0' encoding='UTF-8'?>\n<a><b/></a>"


def test_utf_8_is_read_that_calls_itself_utf_16_and_begins_with_blank_lines():
    text = '<?xml version="1.0" encoding="utf-16"?><a>é</a>'
    for written in (text.encode(), b"\xef\xbb\xbf" + text.encode(), b"\r\n \t\n" + text.encode()):
        assert parse(written).text == "é"
    with pytest.raises(XmlRefused):
        parse(text.encode("utf-16"))
    with pytest.raises(XmlRefused):
        parse(b"\nx" + text.encode())


@pytest.mark.parametrize("name", ["ISO-8859-1", "iso8859_15", "windows-1252", "Cp1252", "GBK", "Latin1"])
def test_plain_ascii_is_read_under_the_name_of_any_encoding_that_extends_it(name):
    assert parse(f'<?xml version="1.0" encoding="{name}"?><a>b</a>'.encode()).text == "b"
    with pytest.raises(XmlRefused):
        parse(f'<?xml version="1.0" encoding="{name}"?><a>é</a>'.encode())


def test_a_byte_order_mark_and_cdata_are_read():
    assert parse(codecs.BOM_UTF8 + "<a><![CDATA[<é>]]></a>".encode()).text == "<é>"


def test_equal_documents_have_equal_canonical_bytes():
    one = parse(b"<a  y='2' x='1'><b></b></a>")
    other = parse(b'<?xml version="1.0" encoding="UTF-8"?>\n<a x="1" y="2" ><b/></a>')
    assert canonical(one) == canonical(other) == b'<a x="1" y="2"><b></b></a>'


def test_canonical_bytes_keep_namespaces_used_only_in_values():
    data = b'<a xmlns:xs="urn:xs" type="xs:string"></a>'
    assert canonical(parse(data)) == data
