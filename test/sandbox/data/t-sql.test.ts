import { rmSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore, type Store } from "../../../sandbox/core/store";
import { Database } from "../../../sandbox/data/sql/engine/database";
import { SqlError } from "../../../sandbox/data/sql/engine/errors";
import { executeBatch, type NamedValue } from "../../../sandbox/data/sql/engine/execute";
import type { Session } from "../../../sandbox/data/sql/engine/session";
import { Guid, type SqlValue } from "../../../sandbox/data/sql/engine/values";
import { parse } from "../../../sandbox/data/sql/language/parser";
import type { ResultSet } from "../../../sandbox/data/sql/protocol/result-set";
import { temporaryDirectory } from "../harness";

const directory = temporaryDirectory();
let store: Store;
let session: Session;

beforeAll(() => {
  store = openStore(directory);
  session = {
    database: new Database(store, "key", "orders", "sql-shop"),
    userName: "dbo",
    sid: undefined,
    loginName: "me",
    id: 51,
    now: () => Date.UTC(2026, 10, 21),
  };
  run(`CREATE TABLE people (id int NOT NULL PRIMARY KEY, name nvarchar(20) NOT NULL, boss int, pay bigint)
    INSERT INTO people VALUES (1, 'Ada', NULL, 9007199254740993), (2, 'Bob', 1, 5), (3, 'cyd', 1, NULL)`);
});

afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

function run(sql: string, parameters: NamedValue[] = []): ResultSet[] {
  const sets: ResultSet[] = [];
  executeBatch(
    session,
    sql,
    { resultSet: (set) => sets.push(set), done: () => {}, info: () => {} },
    parameters,
  );
  return sets;
}

/** The rows of the first result. */
const rows = (sql: string): SqlValue[][] => run(sql)[0]?.rows ?? [];
const value = (expression: string): SqlValue => rows(`SELECT ${expression}`)[0]?.[0] ?? null;

describe("expressions", () => {
  it.each<[string, SqlValue]>([
    ["1 + 2 * 3", 7],
    ["(1 + 2) * -3", -9],
    ["7 % 4", 3],
    ["CAST(9007199254740993 AS bigint) + 1", 9007199254740994n],
    ["'it''s' + N' ü'", "it's ü"],
    ["NULL + 1", null],
    ["0xABC", Buffer.from("0abc", "hex")],
    ["CONVERT(varchar(10), 0xAB01, 1)", "0xAB01"],
    ["CONVERT(varchar(10), 0xAB01, 2)", "AB01"],
    ["CONVERT(varbinary(4), '0x0102', 1)", Buffer.from([1, 2])],
    ["CAST('12' AS int)", 12],
    ["CAST('abcdef' AS varchar(3))", "abc"],
    ["CAST('true' AS bit)", true],
    ["QUOTENAME('a]b')", "[a]]b]"],
    ["QUOTENAME('a''b', '''')", "'a''b'"],
    ["ISNULL(NULL, 'x')", "x"],
    ["COALESCE(NULL, NULL, 3)", 3],
    ["CONCAT('a', NULL, 1)", "a1"],
    ["LEN('ab  ')", 2],
    ["DB_NAME()", "orders"],
    ["CURRENT_USER", "dbo"],
    ["SYSUTCDATETIME()", new Date(Date.UTC(2026, 10, 21))],
    ["IS_MEMBER('no such role')", null],
  ])("%s", (expression, expected) => {
    expect(value(expression)).toEqual(expected);
  });

  it("keeps a GUID's first groups little-endian in binary", () => {
    const sid = "CAST(CAST('00112233-4455-6677-8899-aabbccddeeff' AS uniqueidentifier) AS varbinary(16))";
    expect((value(sid) as Buffer).toString("hex")).toBe("33221100554477668899aabbccddeeff");
    expect(value(`CAST(${sid} AS uniqueidentifier)`)).toEqual(
      Guid.parse("00112233-4455-6677-8899-AABBCCDDEEFF"),
    );
  });

  it.each<[string, number]>([
    ["1 % 0", 8134],
    ["7 / 2", 40514],
    ["CAST('x' AS int)", 8114],
    ["CAST(300 AS tinyint)", 8115],
    ["CAST('x' AS uniqueidentifier)", 8169],
    ["@undeclared", 137],
    ["nothing", 207],
    ["p.nothing", 4104],
    ["1 = 1", 102],
  ])("%s: error %i", (expression, number) => {
    expect(() => value(expression)).toThrow(expect.objectContaining({ number }));
  });
});

describe("queries", () => {
  it.each<[string, SqlValue[][]]>([
    ["SELECT name FROM people WHERE boss IS NULL", [["Ada"]]],
    ["SELECT name FROM dbo.people WHERE NAME = 'ADA  '", [["Ada"]]],
    ["SELECT name FROM people WHERE name LIKE '_o%' OR id IN (3)", [["Bob"], ["cyd"]]],
    ["SELECT name FROM people WHERE boss <> 1", []],
    ["SELECT name FROM people WHERE NOT (boss = 1)", []],
    ["SELECT name FROM people WHERE id NOT IN (1, NULL)", []],
    ["SELECT TOP (2) id FROM people ORDER BY name DESC", [[3], [2]]],
    ["SELECT name AS n FROM people ORDER BY 1", [["Ada"], ["Bob"], ["cyd"]]],
    [
      "SELECT p.name, b.name FROM people p LEFT JOIN people AS b ON b.id = p.boss ORDER BY p.id",
      [
        ["Ada", null],
        ["Bob", "Ada"],
        ["cyd", "Ada"],
      ],
    ],
    [
      "SELECT p.name FROM people p INNER JOIN people b ON p.boss = b.id AND b.name = 'Ada' ORDER BY p.id",
      [["Bob"], ["cyd"]],
    ],
    ["SELECT DISTINCT boss FROM people ORDER BY boss", [[null], [1]]],
    ["SELECT COUNT(*), COUNT(boss) FROM people", [[3, 2]]],
    ["SELECT name FROM people p WHERE EXISTS (SELECT 1 FROM people q WHERE q.boss = p.id)", [["Ada"]]],
    ["SELECT pay FROM people WHERE id = 1", [[9007199254740993n]]],
    ["SELECT name FROM sys.tables", [["people"]]],
    ["SELECT name FROM sys.database_principals WHERE principal_id = 1", [["dbo"]]],
  ])("%s", (sql, expected) => {
    expect(rows(sql)).toEqual(expected);
  });

  it("types columns by their declaration, also without rows", () => {
    const [set] = run("SELECT name, pay AS p, 1 AS one FROM people WHERE 1 = 0");
    expect(set?.columns).toEqual([
      { name: "name", type: { name: "nvarchar", length: 20 } },
      { name: "p", type: { name: "bigint" } },
      { name: "one", type: { name: "int" } },
    ]);
  });
});

describe("statements", () => {
  it("steers with variables, IF and blocks", () => {
    const sql = `
      DECLARE @n int = 2, @text nvarchar(50) = N'', @found sysname;
      SELECT @found = name FROM people WHERE id = @n;
      IF @found = 'bob' BEGIN SET @text += 'yes'; SET @text = @text + '!' END; ELSE SET @text = 'no';
      SELECT @text; /* comment */ -- and another
      RETURN
      SELECT 'never'`;
    expect(run(sql).map((set) => set.rows)).toEqual([[["yes!"]]]);
  });

  it("takes parameters through EXEC sp_executesql", () => {
    const sql = "EXEC sp_executesql N'SELECT name FROM people WHERE id = @id', N'@id int', @id = 2";
    expect(rows(sql)).toEqual([["Bob"]]);
  });

  it.each<[string, number]>([
    ["INSERT INTO people VALUES (1, 'again', NULL, NULL)", 2627],
    ["INSERT INTO people (id) VALUES (9)", 515],
    ["INSERT INTO people (id, name) VALUES (9)", 213],
    ["INSERT INTO people (id, name) VALUES (9, 'a name that is far too long')", 2628],
    ["INSERT INTO absent VALUES (1)", 208],
    ["CREATE TABLE people (id int)", 2714],
    ["CREATE TABLE other.people (id int)", 2760],
    ["CREATE TABLE t (a int, A int)", 2705],
    ["SELECT * FROM other.dbo.people", 40515],
    ["USE master", 40508],
    ["DECLARE @a int; DECLARE @a int", 134],
    ["EXEC sp_executesql N'SELECT @a', N'@a int'", 8178],
    ["EXEC sp_help", 2812],
    ["SELECT 'open", 105],
    ["SELECT 1 /* open", 113],
    ["SELECT FROM people", 102],
    ["SELECT * FROM people WHERE", 102],
    ["CREATE USER [x]", 40514],
    ["BEGIN TRANSACTION", 40514],
    ["TRUNCATE TABLE people", 40514],
    ["SELECT (SELECT 1)", 40514],
    ["CREATE TABLE t (a decimal(10, 2))", 40514],
    [`SELECT ${"(".repeat(500)}1${")".repeat(500)}`, 191],
  ])("%s: error %i", (sql, number) => {
    expect(() => run(sql)).toThrow(expect.objectContaining({ number }));
  });

  it("does nothing of a batch that cannot be parsed, and all before a statement that fails", () => {
    expect(() => run("CREATE TABLE half (id int); SELEC 1")).toThrow(SqlError);
    expect(session.database.table("half")).toBeUndefined();
    expect(() => run("CREATE TABLE half (id int); INSERT INTO half VALUES (1), ('x')")).toThrow(SqlError);
    expect(rows("SELECT COUNT(*) FROM half")).toEqual([[0]]);
    run("DROP TABLE half");
  });

  it("does not run for ever within itself", () => {
    const sql =
      "DECLARE @s nvarchar(max) = N'EXEC sp_executesql @s, N''@s nvarchar(max)'', @s = @s'; EXEC sp_executesql @s, N'@s nvarchar(max)', @s = @s";
    expect(() => run(sql)).toThrow(expect.objectContaining({ number: 217 }));
  });

  it("takes no name in brackets for anything else", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 60, unit: "grapheme" }), (name) => {
        const [statement] = parse(`DROP USER [${name.replaceAll("]", "]]")}]`);
        expect(statement).toEqual({ kind: "dropPrincipal", principal: "user", name, ifExists: false });
      }),
    );
  });

  it("fails with an SQL error, and soon, whatever it is given", () => {
    const piece = fc.constantFrom(
      ..."SELECT FROM WHERE ( ) [ ] ' \" , ; = @a * people name 1 0x N'x' AND OR NOT IN LIKE NULL IF BEGIN END EXEC CREATE USER DROP TABLE /* */ -- \n . :: INSERT INTO VALUES".split(
        " ",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          run(pieces.join(" "));
        } catch (error) {
          expect(error).toBeInstanceOf(SqlError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
