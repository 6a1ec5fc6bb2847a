"""Opens an outcomes workbook with openpyxl and saves it; fills in decisions, where they are given.

    openpyxl_save.py IN.xlsx OUT.xlsx [DECISIONS.json]

The decisions: [{"submission": "lincolnshire-700009", "person": "100010", "cells": {"Decision": "Agreed"}}]. A cell is
a text, kept as text whatever it begins with, or {"date": "2026-12-16"}, or {"formula": "=A1"}.
"""

import datetime
import json
import sys

import openpyxl


def fill(sheet, decisions):
    header = next(row for row in sheet.iter_rows() if any(cell.value == "Decision" for cell in row))
    columns = {cell.value: cell.column for cell in header if cell.value}
    rows = {}
    for row in range(header[0].row + 1, sheet.max_row + 1):
        rows[(sheet.cell(row, columns["Submission"]).value, sheet.cell(row, columns["Person"]).value)] = row
    for decision in decisions:
        row = rows[(decision["submission"], decision["person"])]
        for heading, value in decision["cells"].items():
            cell = sheet.cell(row, columns[heading])
            if isinstance(value, dict) and "date" in value:
                cell.value = datetime.date.fromisoformat(value["date"])
                cell.number_format = "dd/mm/yyyy"
            elif isinstance(value, dict):
                cell.value = value["formula"]
            else:
                cell.value = value
                # Without this a text that begins with an equals sign is a formula.
                if value is not None:
                    cell.data_type = "s"


def save(source, target, decisions=()):
    workbook = openpyxl.load_workbook(source)
    fill(workbook["Outcomes"], decisions)
    workbook.save(target)


if __name__ == "__main__":
    source, target, *given = sys.argv[1:]
    decisions = []
    for path in given:
        with open(path, encoding="utf-8") as file:
            decisions = json.load(file)
    save(source, target, decisions)
