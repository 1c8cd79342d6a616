-- Which columns the numbers of a row stand for: a JSON list of names.
CREATE TABLE layouts (
    id INTEGER PRIMARY KEY,
    columns TEXT NOT NULL UNIQUE
);

-- One row a minute, so that a minute costs one page: means over the minute, and, for the first days, over each ten
-- seconds of it. `at`: start, seconds since 1970. `covered`: seconds of the minute that were seen. Numbers are 32-bit
-- floats, little-endian, NaN for "not known"; `fine` has six after each other for each column.
CREATE TABLE minutes (
    at INTEGER PRIMARY KEY,
    layout INTEGER NOT NULL,
    covered REAL NOT NULL,
    mean BLOB NOT NULL,
    fine BLOB
);

-- The same for quarters of an hour, kept for ever.
CREATE TABLE quarters (
    at INTEGER PRIMARY KEY,
    layout INTEGER NOT NULL,
    covered REAL NOT NULL,
    mean BLOB NOT NULL
);

-- Charging sessions. `id`: start in milliseconds since 1970. Times in seconds since 1970.
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    connector TEXT NOT NULL,
    connector_name TEXT NOT NULL,
    started_at REAL NOT NULL,
    ended_at REAL,
    updated_at REAL NOT NULL,
    energy_kwh REAL NOT NULL,
    solar_kwh REAL,
    peak_a REAL NOT NULL,
    charging_s REAL NOT NULL,
    vin_tail TEXT,
    cost REAL
);
