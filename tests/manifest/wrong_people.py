"""Wrong people, in manifests and in files."""

from __future__ import annotations

from .house import CALL_HEAD, FROM, PERSON
from .wrong import Case, csv

NUMBER = "expected an E.164 number"
LONG = "x" * 16_384

CASES = [
    # people
    Case(
        "unquoted number",
        "  recipients:\n  - to_number: 14155550101\n",
        "b.yaml:6:16",
        f"spec.recipients[0].to_number: found the number 1415•••0101, {NUMBER}",
    ),
    Case(
        "not E.164",
        "  recipients: [{to_number: 415-555-0101}]\n",
        "b.yaml:5:28",
        f'found "41•••01", {NUMBER}',
    ),
    Case("Arabic digits", "  recipients: [{to_number: +1415555010١}]\n", "b.yaml:5:28", NUMBER),
    Case("trailing line", '  recipients: [{to_number: "+14155550101\\n"}]\n', "b.yaml:5:28", NUMBER),
    Case("no number", "  recipients: [{metadata: {}}]\n", "b.yaml:5:16", 'missing field "to_number"'),
    Case(
        "person as text",
        "  recipients: [+14155550101]\n",
        "b.yaml:5:16",
        'found "+1415•••0101", expected a mapping',
    ),
    Case(
        "person's unknown field",
        "  recipients: [{to_number: +14155550101, metdata: {}}]\n",
        "b.yaml:5:42",
        'unknown field "metdata" (did you mean "metadata"?)',
    ),
    Case(
        "other version's data",
        "  recipients: [{to_number: +14155550101, dynamic_variables: {}}]\n",
        "b.yaml:5:42",
        'cartesia does not take "dynamic_variables" (it takes metadata)',
    ),
    Case(
        "metadata as list",
        "  recipients: [{to_number: +14155550101, metadata: [a]}]\n",
        "b.yaml:5:52",
        "expected a mapping",
    ),
    Case(
        "reserved key",
        "  recipients: [{to_number: +14155550101, metadata: {dialctl: x}}]\n",
        "b.yaml:5:53",
        'spec.recipients[0].metadata.dialctl: the key "dialctl" is reserved',
    ),
    Case(
        "reserved key of a Call",
        "  to_number: +14155550101\n  metadata: {dialctl: x}\n",
        "b.yaml:6:14",
        "reserved",
        CALL_HEAD,
    ),
    Case(
        "variable name",
        "  provider: newer\n  recipients: [{to_number: +14155550101, dynamic_variables: {1a: b}}]\n",
        "b.yaml:6:62",
        "does not begin with a digit",
    ),
    Case(
        "provider's variable",
        "  provider: newer\n  recipients: [{to_number: +14155550101, dynamic_variables: {system__a: b}}]\n",
        "b.yaml:6:62",
        "are reserved by the provider",
    ),
    Case(
        "variable value",
        "  provider: newer\n  recipients: [{to_number: +14155550101, dynamic_variables: {a: [b]}}]\n",
        "b.yaml:6:62",
        "text, a number or a boolean",
    ),
    Case(
        "long variables",
        f"  provider: newer\n  recipients: [{{to_number: +14155550101, dynamic_variables: {{a: {LONG}}}}}]\n",
        "b.yaml:6:42",
        "more than 16,384 bytes as JSON",
    ),
    Case(
        "the same number twice",
        "  recipients:\n  - to_number: +14155550101\n  - to_number: +14155550101\n",
        "b.yaml:7:16",
        "the same number twice: +1415•••0101, first at b.yaml:6:16",
    ),
    Case(
        "nobody",
        "  agent_id: a\n",
        "b.yaml:5:3",
        "there are no recipients (give recipients or recipients_from)",
    ),
    Case("an empty list", "  recipients: []\n", "b.yaml:5:15", "there are no recipients"),
    # files
    Case("missing file", FROM, "b.yaml:5:28", 'no such file: "r.csv"'),
    Case(
        "misspelt file",
        FROM,
        "b.yaml:5:28",
        'no such file: "r.csv" (did you mean "rr.csv"?)',
        files={"rr.csv": ""},
    ),
    Case(
        "the same name with another ending",
        FROM,
        "b.yaml:5:28",
        'no such file: "r.csv" (did you mean "r.jsonl"?)',
        files={"r.jsonl": ""},
    ),
    Case(
        "parent folder",
        FROM.replace("r.csv", "../r.csv"),
        "b.yaml:5:28",
        'leaves its folder with ".."',
    ),
    Case("absolute path", FROM.replace("r.csv", "/etc/passwd"), "b.yaml:5:28", "is not a relative path"),
    Case("URL", FROM.replace("r.csv", '"https://example.com/r.csv"'), "b.yaml:5:28", "is a URL"),
    Case(
        "unknown ending",
        FROM.replace("r.csv", "r.xlsx"),
        "b.yaml:5:28",
        "has an unknown file name ending",
        files={"r.xlsx": ""},
    ),
    Case(
        "a folder",
        FROM.replace("r.csv", "d.csv"),
        "b.yaml:5:28",
        "is not a regular file",
        files={"d.csv/x": ""},
    ),
    csv(
        "missing column",
        "phone,a\n+14155550101,b\n",
        "b.yaml:5:21",
        'r.csv has no column "to_number", it has: phone, a (to_number names the column of the phone number)',
    ),
    csv(
        "no header",
        "+14155550101,b\n+14155550102,c\n",
        "b.yaml:5:21",
        'r.csv has no column "to_number", it has: +1415•••0101, b (the first row is not a header: begin the file',
    ),
    csv(
        "missing data column",
        "to_number,plan\n+14155550101,b\n",
        "b.yaml:5:45",
        'no column "plam"',
        "  recipients_from: [{file: r.csv, metadata: [plam]}]\n",
    ),
    csv("semicolons", "to_number;a\n+14155550101;b\n", "b.yaml:5:21", "separates by semicolons"),
    csv("tabs", "to_number\ta\n+14155550101\tb\n", "b.yaml:5:21", "separates by tabs"),
    csv("header only", "to_number,a\n", "r.csv: ", "has a header and no rows"),
    csv("empty file", "", "r.csv: ", "is empty"),
    csv("blank rows only", "to_number,a\n,\n\n", "r.csv: ", "contains no one"),
    csv(
        "not UTF-8",
        b"to_number,a\n+14155550101,caf\xe9\n",
        "r.csv:2:17",
        "not UTF-8: byte 0xe9 at byte position 28",
    ),
    csv("UTF-16", "to_number,a\n+14155550101,b\n".encode("utf-16"), "r.csv:1:1", "not UTF-8"),
    csv("old line ends", "to_number,a\r+14155550101,b\r", "r.csv: ", "lines end in CR alone"),
    csv("a cell too many", "to_number,a\n+14155550101,b,c\n", "r.csv:2:1", "3 cells, and the header has 2"),
    csv("quotes that do not match", 'to_number,a\n+14155550101,"b\n', "r.csv:2:1", "quotes that do not match"),
    csv("a quote within a cell", 'to_number,a\n+14155550101,b"\n', "r.csv:2:1", "a quote within a cell"),
    csv("a column twice", "to_number,a,a\n+14155550101,b,c\n", "r.csv:1:1", 'the column "a" appears twice'),
    csv("reserved column", "to_number,dialctl\n+14155550101,b\n", "b.yaml:5:21", 'column "dialctl" of r.csv'),
    csv(
        "CSV not E.164",
        'to_number,a\n+14155550101,b\n\n"+14155550102","x\ny"\n4155550103,c\n',
        "r.csv:6:1",
        f'to_number: found "415•••0103", {NUMBER}',
    ),
    csv("CSV empty number", "a,to_number\n1,+14155550101\n22,\n", "r.csv:3:4", f"found no number, {NUMBER}"),
    csv(
        "CSV the same number twice",
        "to_number,a\n+14155550101,b\n+14155550101,c\n",
        "r.csv:3:1",
        "the same number twice: +1415•••0101, first at r.csv:2:1",
    ),
    csv(
        "twice across file and manifest",
        "to_number,a\n+14155550101,b\n",
        "r.csv:2:1",
        "first at b.yaml:5:28",
        PERSON + FROM,
    ),
]
