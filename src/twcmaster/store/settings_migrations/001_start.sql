-- The one current document, as twcmaster.model.settings_json writes it.
CREATE TABLE settings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    document TEXT NOT NULL
);

-- Every change: when (UTC), who, what (a command as JSON, or a sentence for what ended by itself), and the version of
-- the document that it led to. Rows are only ever added.
CREATE TABLE changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    version INTEGER NOT NULL
);
