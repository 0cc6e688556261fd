"""Writes tables in random dialects of CSV, and what the reader of `csv` makes of them, one JSON document a line."""

import base64
import csv
import io
import json
import random
import sys

HEADER = ["record_id", "customer_id", "event_type", "details", "note"]
CHARACTERS = ["a", "b", "Z", "7", " ", "'", "ä", "€", "\U0001f600", ",", ";", "\t", "|", '"', '"', "\\", "\n", "\r", "\r\n", "="]


def value(choice, characters):
    return "".join(choice.choice(characters) for _ in range(choice.randint(0, 8)))


def table(seed):
    choice = random.Random(seed)
    delimiter = choice.choice([",", ";", "\t", "|"])
    escaped = choice.random() < 0.4
    quoting = choice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    dialect = {
        "delimiter": delimiter,
        # Tools that escape with a backslash quote every text.
        "quoting": csv.QUOTE_ALL if escaped else quoting,
        "lineterminator": choice.choice(["\n", "\r\n", "\r"]),
        "doublequote": not escaped,
        "escapechar": "\\" if escaped else None,
    }
    # If Python quotes as little as possible, it does so for a line end only if the lines of the file end with it, and otherwise
    # reads the value as two rows.
    as_little = dialect["quoting"] == csv.QUOTE_MINIMAL
    unquoted = {"\r", "\n"} - set(dialect["lineterminator"][-1]) if as_little else set()
    characters = [character for character in CHARACTERS if character not in unquoted]
    rows = [
        [f"r-{n}", "c" + value(choice, characters), "e", value(choice, characters), value(choice, characters)]
        for n in range(choice.randint(1, 12))
    ]
    if escaped:
        # The first row decides that a backslash escapes.
        rows[0][3] = f'say "yes"{delimiter} then "no"'
    out = io.StringIO()
    csv.writer(out, **dialect).writerows([HEADER] + rows)
    text = out.getvalue()
    read = list(csv.reader(io.StringIO(text, newline=""), **dialect))
    prefix = choice.choice(["", "", "\ufeff", f"sep={delimiter}\r\n", f'\ufeff"sep={delimiter}"\r\n'])
    ending = choice.choice(["", "", "\x1a", "\0\0\0", "\n\n", "\r\n" + delimiter * 4 + "\r\n"])
    content = (prefix + text + ending).encode()
    # Rows without a value are no records.
    rows = [row for row in read[1:] if any(value.strip() for value in row)]
    return {"content": base64.b64encode(content).decode(), "rows": rows, "dialect": repr(dialect)}


for seed in range(int(sys.argv[1]), int(sys.argv[2])):
    print(json.dumps(table(seed)))
