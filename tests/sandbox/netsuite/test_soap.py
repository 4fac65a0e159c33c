"""SOAP: tax items and groups, pages, single records, deletions, files, faults."""

import base64

from werkzeug.test import Client

from tests.sandbox.netsuite.driver import Account, attributes, bill, open_account, texts

SEARCH = '<m:search><m:searchRecord xsi:type="a:{}Search"><a:basic>{}</a:basic></m:searchRecord></m:search>'
ACTIVE = "<o:isInactive><c:searchValue>false</c:searchValue></o:isInactive>"


def test_tax_items_of_legacy_tax_are_found(account: Account) -> None:
    answer = account.soap(SEARCH.format("SalesTaxItem", ACTIVE))
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/xml")
    assert texts(answer, "itemId") == ["S-GB", "R-GB", "Z-GB", "E-GB"]
    assert texts(answer, "rate") == ["20.0%", "5.0%", "0.0%", "0.0%"]
    assert texts(answer, "totalRecords") == ["4"]


def test_groups_are_rates_with_parts(sandbox: Client) -> None:
    us = open_account(sandbox, country="US", currency="USD")
    answer = us.soap(SEARCH.format("TaxGroup", ""))
    assert texts(answer, "itemId") == ["CA"]
    assert texts(answer, "unitprice1") == ["7.25%"]
    assert texts(answer, "unitprice2") == ["1%"]


def test_later_pages_are_asked_for_by_the_search_s_id(busy: Account) -> None:
    first = busy.soap(SEARCH.format("Vendor", ""), page_size=5)
    assert len(attributes(first, "record", "internalId")) == 5
    key, pages = texts(first, "searchId")[0], int(texts(first, "totalPages")[0])
    seen = set(attributes(first, "record", "internalId"))
    for number in range(2, pages + 1):
        asked = f"<m:searchId>{key}</m:searchId><m:pageIndex>{number}</m:pageIndex>"
        page = busy.soap(f"<m:searchMoreWithId>{asked}</m:searchMoreWithId>")
        seen |= set(attributes(page, "record", "internalId"))
    assert len(seen) == int(texts(first, "totalRecords")[0])


def test_a_search_that_is_gone_says_so(account: Account) -> None:
    answer = account.soap(
        "<m:searchMoreWithId><m:searchId>x</m:searchId><m:pageIndex>2</m:pageIndex></m:searchMoreWithId>"
    )
    assert attributes(answer, "status", "isSuccess") == ["false"]


def test_several_records_come_each_with_its_own_status(account: Account) -> None:
    answer = account.soap(
        '<m:getList><m:baseRef internalId="5" type="salesTaxItem" xsi:type="c:RecordRef"/>'
        '<m:baseRef internalId="-7" type="taxGroup" xsi:type="c:RecordRef"/></m:getList>'
    )
    assert attributes(answer, "status", "isSuccess") == ["true", "true", "false"]
    assert texts(answer, "code") == ["RCRD_DSNT_EXIST"]
    single = account.soap('<m:get><m:baseRef internalId="1" type="taxType" xsi:type="c:RecordRef"/></m:get>')
    assert "VAT" in texts(single, "name")


def test_deletions_are_told(account: Account) -> None:
    key = account.create("vendorBill", bill(account, 10))
    account.call("DELETE", f"record/v1/vendorBill/{key}")
    asked = (
        '<m:getDeleted><m:getDeletedFilter><c:deletedDate operator="onOrAfter"><c:searchValue>2026-01-01T00:00:00Z'
        '</c:searchValue></c:deletedDate><c:type operator="anyOf"><c:searchValue>{}</c:searchValue></c:type>'
        "</m:getDeletedFilter><m:pageIndex>1</m:pageIndex></m:getDeleted>"
    )
    found = account.soap(asked.format("vendorBill"))
    assert attributes(found, "record", "internalId") == [key]
    assert attributes(account.soap(asked.format("invoice")), "record", "internalId") == []


def test_a_file_is_added_and_hung_on_a_bill(account: Account) -> None:
    key = account.create("vendorBill", bill(account, 10))
    content = base64.b64encode(b"kept").decode()
    added = account.soap(
        f'<m:add><m:record xsi:type="f:File"><f:name>bill.txt</f:name><f:content>{content}</f:content>'
        '<f:folder internalId="-15"/></m:record></m:add>'
    )
    file = attributes(added, "baseRef", "internalId")[0]
    hung = account.soap(
        '<m:attach><m:attachReference xsi:type="c:AttachBasicReference">'
        f'<c:attachTo internalId="{key}" type="vendorBill" xsi:type="c:RecordRef"/>'
        f'<c:attachedRecord internalId="{file}" type="file" xsi:type="c:RecordRef"/></m:attachReference></m:attach>'
    )
    assert attributes(hung, "status", "isSuccess") == ["true"]
    read = account.soap(f'<m:get><m:baseRef internalId="{file}" type="file" xsi:type="c:RecordRef"/></m:get>')
    assert base64.b64decode(texts(read, "content")[0]) == b"kept"
    assert account.rows("SELECT name, filesize FROM file") == [{"name": "bill.txt", "filesize": "4"}]
    gone = account.soap(f'<m:delete><m:baseRef internalId="{file}" type="file" xsi:type="c:RecordRef"/></m:delete>')
    assert attributes(gone, "status", "isSuccess") == ["true"]


def test_faults(account: Account) -> None:
    assert texts(account.soap("<m:dance/>"), "code") == ["INVALID_METHOD"]
    broken = account.client.post("/netsuite/services/NetSuitePort_2025_2", data=b"<a>", content_type="text/xml")
    assert broken.status_code == 500
    declared = b'<!DOCTYPE x [<!ENTITY e "x">]><x/>'
    answer = account.client.post("/netsuite/services/NetSuitePort_2025_2", data=declared, content_type="text/xml")
    assert "document type" in answer.get_data(as_text=True)
    assert account.soap("<m:getServerTime/>", version="2019_1").status_code == 404
