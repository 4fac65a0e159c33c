"""Finding and reading records through the XML gateway."""

import pytest

from tests.sandbox.sage_intacct.driver import Intacct
from tests.sandbox.sage_intacct.gateway import Gateway, element, opened, said, where


@pytest.fixture
def gateway(intacct: Intacct) -> Gateway:
    """A session with a small British company of four vendors and customers."""
    return opened(intacct)


@pytest.fixture
def history(busy: Intacct) -> Gateway:
    """A session with a company that has a history."""
    return opened(busy)


def test_a_query_tells_how_many_there_are_and_how_many_follow(history: Gateway) -> None:
    ask = "<query><object>APBILL</object><select><field>RECORDNO</field></select><pagesize>10</pagesize>{}</query>"
    seen: list[str | None] = []
    offset, left = 0, 1
    while left:
        data = history.done(ask.format(f"<offset>{offset}</offset>")).find("data")
        assert data is not None
        assert data.get("listtype") == "APBILL"
        seen += [each.findtext("RECORDNO") for each in data]
        assert int(data.get("count", "")) == len(data)
        left, offset = int(data.get("numremaining", "")), offset + 10
        assert int(data.get("totalcount", "")) == len(seen) + left
    assert len(seen) == len(set(seen)) >= 30


def test_dates_moments_and_amounts_have_the_gateways_form(gateway: Gateway) -> None:
    key = gateway.made("APBILL", **BILL)
    row = gateway.row("APBILL", key, "WHENCREATED WHENMODIFIED TRX_TOTALENTERED STATE VENDORNAME ONHOLD WHENPAID")
    assert row["WHENCREATED"] == "01/21/2026"
    day, moment = row["WHENMODIFIED"].split(" ")
    assert [len(part) for part in (*day.split("/"), *moment.split(":"))] == [2, 2, 4, 2, 2, 2]
    assert row["TRX_TOTALENTERED"] == "100.00"
    assert (row["STATE"], row["ONHOLD"], row["WHENPAID"]) == ("Posted", "false", "")
    assert row["VENDORNAME"]


BILL = {
    "VENDORID": "V100", "WHENCREATED": "01/21/2026", "WHENDUE": "02/20/2026", "RECORDID": "B-001",
    "APBILLITEMS": {"APBILLITEM": [{"ACCOUNTNO": "6000", "TRX_AMOUNT": "100.00", "LOCATIONID": "110"}]},
}  # fmt: skip


@pytest.mark.parametrize(("condition", "found"), [
    (where("equalto", "ACCOUNTNO", "6000"), ["6000"]),
    (where("in", "ACCOUNTNO", "6000", "1000"), ["1000", "6000"]),
    (where("between", "ACCOUNTNO", "5999", "6001"), ["6000"]),
    (where("like", "ACCOUNTNO", "600%"), ["6000"]),
    (where("like", "TITLE", "%Payable"), ["2100", "2150"]),
    ("<filter><and><equalto><field>ACCOUNTNO</field><value>6000</value></equalto><equalto><field>STATUS</field>"
     "<value>inactive</value></equalto></and></filter>", []),
    ("<filter><or><equalto><field>ACCOUNTNO</field><value>6000</value></equalto><equalto><field>ACCOUNTNO</field>"
     "<value>1000</value></equalto></or></filter>", ["1000", "6000"]),
])  # fmt: skip
def test_filters_choose_rows(gateway: Gateway, condition: str, found: list[str]) -> None:
    rows = gateway.rows("GLACCOUNT", "ACCOUNTNO", f"{condition}<pagesize>2000</pagesize>")
    assert sorted(row["ACCOUNTNO"] for row in rows) == found


def test_the_opposite_of_a_filter_chooses_the_others(gateway: Gateway) -> None:
    size = "<pagesize>2000</pagesize>"
    every = len(gateway.rows("GLACCOUNT", "RECORDNO", size))
    for one, other in (("equalto", "notequalto"), ("like", "notlike"), ("in", "notin")):
        chosen = [len(gateway.rows("GLACCOUNT", "RECORDNO", where(each, "ACCOUNTNO", "6000") + size))
                  for each in (one, other)]  # fmt: skip
        assert chosen == [1, every - 1], one
    null = [len(gateway.rows("VENDOR", "RECORDNO", where(each, "TERMNAME"))) for each in ("isnull", "isnotnull")]
    assert sum(null) == len(gateway.rows("VENDOR", "RECORDNO"))


def test_what_changed_after_a_moment_is_found(gateway: Gateway) -> None:
    key = gateway.made("APBILL", **BILL)
    before = where("greaterthanorequalto", "WHENMODIFIED", "01/01/2026 00:00:00")
    after = where("greaterthan", "WHENMODIFIED", "01/01/2099 00:00:00")
    assert gateway.rows("APBILL", "RECORDNO", before) == [{"RECORDNO": key}]
    assert gateway.rows("APBILL", "RECORDNO", after) == []


def test_case_counts_unless_one_says_otherwise(gateway: Gateway) -> None:
    gateway.made("VENDOR", VENDORID="V-7", NAME="Design Works")
    loose = "<options><caseinsensitive>true</caseinsensitive></options>"
    condition = where("equalto", "NAME", "design works")
    assert gateway.rows("VENDOR", "VENDORID", condition) == []
    assert gateway.rows("VENDOR", "VENDORID", condition + loose) == [{"VENDORID": "V-7"}]


def test_rows_are_ordered_and_summed_up(history: Gateway) -> None:
    order = "<orderby><order><field>TRX_TOTALENTERED</field><descending/></order></orderby>"
    amounts = [float(each["TRX_TOTALENTERED"]) for each in history.rows("APBILL", "TRX_TOTALENTERED", order)]
    assert amounts == sorted(amounts, reverse=True)
    result = history.done("<query><object>APBILL</object><select><count>RECORDNO</count><sum>TRX_TOTALENTERED</sum>"
                          "</select></query>")  # fmt: skip
    assert int(said(result, "data/APBILL/COUNT.RECORDNO")) == len(amounts)
    assert float(said(result, "data/APBILL/SUM.TRX_TOTALENTERED")) == pytest.approx(sum(amounts))


def test_lines_are_rows_of_their_own_and_name_their_owner(gateway: Gateway) -> None:
    key = gateway.made("APBILL", **BILL)
    fields = "RECORDNO RECORDKEY ACCOUNTNO TRX_AMOUNT LOCATIONID LOCATIONNAME GLDIMCHANNEL CONTRACT_REF"
    row = gateway.rows("APBILLITEM", fields, where("equalto", "RECORDKEY", key))[0]
    assert row["RECORDKEY"] == key
    assert (row["ACCOUNTNO"], row["TRX_AMOUNT"], row["LOCATIONID"]) == ("6000", "100.00", "110")
    assert row["LOCATIONNAME"] == "North"
    assert (row["GLDIMCHANNEL"], row["CONTRACT_REF"]) == ("", "")


def test_values_of_a_user_defined_dimension_are_read_by_its_name(gateway: Gateway) -> None:
    assert [row["name"] for row in gateway.rows("CHANNEL", "id name createdBy")] == ["Online", "Partner"]


def test_a_query_names_all_fields_that_are_unknown(gateway: Gateway) -> None:
    number, why = gateway.refused("<query><object>VENDOR</object><select><field>NAME</field><field>SHOESIZE</field>"
                                  "<field>HATSIZE</field></select></query>")  # fmt: skip
    assert number == "DL02000001"
    assert "\n\tvendor: [SHOESIZE, HATSIZE]" in why
    assert "not found" in gateway.refused("<query><object>UNICORN</object></query>")[1]


@pytest.mark.parametrize("rest", ["<pagesize>2001</pagesize>", "<offset>-1</offset>", where("resembles", "NAME", "x"),
                                  where("between", "NAME", "x"), where("equalto", "WHENMODIFIED", "soon"),
                                  where("greaterthan", "WHENMODIFIED", "2026-01-01T00:00:00Z")])  # fmt: skip
def test_a_malformed_query_is_refused(gateway: Gateway, rest: str) -> None:
    ask = f"<query><object>VENDOR</object><select><field>NAME</field></select>{rest}</query>"
    assert gateway.refused(ask)[1]


def test_read_by_query_is_read_on_by_its_result_id(history: Gateway) -> None:
    ask = element("readByQuery", {"object": "APBILL", "fields": "RECORDNO,STATE", "query": "", "pagesize": "7"})
    data = history.done(ask).find("data")
    assert data is not None
    total, seen = int(data.get("totalcount", "")), [each.findtext("RECORDNO") for each in data]
    assert (data.get("listtype"), data[0].tag) == ("apbill", "apbill")
    while data.get("resultId"):
        data = history.done(f"<readMore><resultId>{data.get('resultId')}</resultId></readMore>").find("data")
        assert data is not None
        seen += [each.findtext("RECORDNO") for each in data]
    assert len(seen) == len(set(seen)) == total
    assert history.refused("<readMore><resultId>nonsense</resultId></readMore>")[1]


@pytest.mark.parametrize(("query", "found"), [
    ("ACCOUNTNO = '6000'", ["6000"]), ("ACCOUNTNO in ('6000','1000')", ["1000", "6000"]),
    ("ACCOUNTNO = '6000' and STATUS = 'active' or ACCOUNTNO = '1000'", ["1000", "6000"]),
    ("ACCOUNTNO = '6000' AND (STATUS = 'inactive' OR ACCOUNTNO = '1000')", []),
    ("ACCOUNTNO like '600%' and TITLE is not null", ["6000"]), ("TITLE not like '%' or ACCOUNTNO = 6000", ["6000"]),
    ("ACCOUNTNO &lt;= '1000' AND ACCOUNTNO &gt; '0999' AND WHENMODIFIED &gt; '01/01/2020 00:00:00'", ["1000"]),
    ("TITLE = 'Tom\\'s' or TITLE is null", []),
])  # fmt: skip
def test_a_condition_may_be_a_text(gateway: Gateway, query: str, found: list[str]) -> None:
    ask = f"<readByQuery><object>GLACCOUNT</object><fields>*</fields><query>{query}</query></readByQuery>"
    assert sorted(each.text or "" for each in gateway.done(ask).iter("ACCOUNTNO")) == found


@pytest.mark.parametrize("query", ["STATUS =", "STATUS = 'active' and", "(STATUS = 'active'", "'active' = STATUS",
                                   "NOSUCH = '1'", "STATUS is active", "STATUS = 'active' STATUS"])  # fmt: skip
def test_a_malformed_text_is_refused(gateway: Gateway, query: str) -> None:
    ask = f"<readByQuery><object>VENDOR</object><fields>*</fields><query>{query}</query></readByQuery>"
    assert gateway.refused(ask)[0] == "DL02000001"


def test_read_gives_whole_records_with_their_lines(gateway: Gateway) -> None:
    key = gateway.made("APBILL", **BILL)
    result = gateway.done(f"<read><object>APBILL</object><keys>{key},999999</keys><fields>*</fields></read>")
    assert said(result, "data/APBILL/RECORDID") == "B-001"
    assert said(result, "data/APBILL/APBILLITEMS/APBILLITEM/ACCOUNTNO") == "6000"
    data = result.find("data")
    assert data is not None
    assert data.get("count") == "1"


def test_read_by_name_takes_natural_ids_and_nests_what_has_dots(gateway: Gateway) -> None:
    contact = {"PRINTAS": "Design Works Ltd", "EMAIL1": "hello@design.example", "MAILADDRESS": {"CITY": "Leeds"}}
    gateway.made("VENDOR", VENDORID="V-7", NAME="Design Works", DISPLAYCONTACT=contact)
    result = gateway.done("<readByName><object>VENDOR</object><keys>V-7</keys><fields>*</fields></readByName>")
    assert said(result, "data/VENDOR/DISPLAYCONTACT/EMAIL1") == "hello@design.example"
    assert said(result, "data/VENDOR/DISPLAYCONTACT/MAILADDRESS/CITY") == "Leeds"
    row = gateway.rows("VENDOR", "DISPLAYCONTACT.PRINTAS", where("equalto", "VENDORID", "V-7"))
    assert row == [{"DISPLAYCONTACT.PRINTAS": "Design Works Ltd"}]


def test_lookup_tells_the_fields_custom_ones_among_them(gateway: Gateway) -> None:
    result = gateway.done("<lookup><object>APBILL</object></lookup>")
    fields = {said(each, "ID"): each for each in result.iter("Field")}
    assert said(fields["RECORDNO"], "READONLY") == "true"
    assert said(fields["WHENDUE"], "DATATYPE") == "DATE"
    assert said(fields["URGENT"], "ISCUSTOM") == "true"
    relations = gateway.done("<lookup><object>APBILLITEM</object></lookup>").iter("RELATEDBY")
    assert {"LOCATIONID", "GLDIMCHANNEL"} <= {each.text for each in relations}


def test_inspect_names_every_object_and_every_field_of_one(gateway: Gateway) -> None:
    names = [each.text for each in gateway.done("<inspect><object>*</object></inspect>").iter("type")]
    assert {"VENDOR", "APBILL", "APBILLITEM", "GLBATCH"} <= set(names)
    plain = gateway.done("<inspect><object>VENDOR</object></inspect>")
    assert "VENDORID" in [each.text for each in plain.iter("Field")]
    detailed = gateway.done('<inspect detail="1"><object>VENDOR</object></inspect>')
    assert "VENDORID" in [said(each, "ID") for each in detailed.iter("Field")]


def test_every_object_can_be_read_by_all_its_fields(history: Gateway) -> None:
    names = [each.text for each in history.done("<inspect><object>*</object></inspect>").iter("type")]
    counted = {}
    for name in names:
        ask = element("readByQuery", {"object": name, "fields": "*", "query": "", "pagesize": "5"})
        data = history.done(ask).find("data")
        assert data is not None
        counted[name] = int(data.get("totalcount", ""))
        if len(data) and data[0].find("RECORDNO") is not None:
            keys = said(data, f"{data[0].tag}/RECORDNO")
            history.done(element("read", {"object": name, "keys": keys, "fields": "*"}))
    assert len([name for name, count in counted.items() if count]) >= 35, counted


def test_fields_of_the_object_that_a_record_refers_to_are_read_and_filtered(gateway: Gateway) -> None:
    gateway.made("VENDOR", VENDORID="V-7", NAME="Design Works", TAXID="GB7")
    key = gateway.made("APBILL", **{**BILL, "VENDORID": "V-7"})
    gateway.made("APBILL", **BILL)
    rows = gateway.rows("APBILL", "RECORDNO VENDOR.NAME VENDOR.TAXID", where("equalto", "VENDOR.TAXID", "GB7"))
    assert rows == [{"RECORDNO": key, "VENDOR.NAME": "Design Works", "VENDOR.TAXID": "GB7"}]
    nowhere = "<query><object>APBILL</object><select><field>VENDOR.SHOESIZE</field></select></query>"
    assert "apbill: [VENDOR.SHOESIZE]" in gateway.refused(nowhere)[1]


@pytest.mark.parametrize("function", [
    "<query/>", "<read/>", "<readByName/>", "<lookup/>", "<inspect/>", "<readMore/>", "<create/>", "<update/>",
    "<delete/>", "<create><APBILL/></create>", "<update><APBILL><RECORDNO>x</RECORDNO></APBILL></update>",
    "<delete><object>APBILL</object></delete>", "<create_invoice/>", "<create_potransaction/>", "<reverse_bill/>",
    "<create_supdoc/>", "<update_supdoc/>", "<get_list/>", "<get_trialbalance/>", "<recallApBill/>",
    "<readMore><resultId>NQ==</resultId></readMore>", "<readMore><resultId>e30=</resultId></readMore>",
    "<query><object>VENDOR</object><select><field>CONTACT.&lt;b&gt;</field></select></query>",
    "<query><object>VENDOR</object><select><field>NAME</field></select><filter><equalto/></filter></query>",
    "<query><object>VENDOR</object><select><sum>NAME</sum></select></query>",
    "<create><APBILL><VENDORID>V100</VENDORID><WHENCREATED>01/21/2026</WHENCREATED><APBILLITEMS><APBILLITEM/>"
    "</APBILLITEMS></APBILL></create>",
])  # fmt: skip
def test_a_function_without_what_it_needs_is_refused_in_words(gateway: Gateway, function: str) -> None:
    number, why = gateway.refused(function)
    assert number != "GW-0001", why
    assert why
