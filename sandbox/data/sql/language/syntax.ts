import type { SqlType, SqlValue } from "../engine/values";

export type Expression =
  | { kind: "literal"; value: SqlValue }
  | { kind: "variable"; name: string }
  /** `alias` is the table's name or alias before the dot. */
  | { kind: "column"; name: string; alias?: string }
  | { kind: "call"; name: string; args: Expression[] }
  | { kind: "count"; of?: Expression }
  | { kind: "convert"; value: Expression; type: SqlType; style?: Expression }
  | { kind: "unary"; operator: "-" | "not"; value: Expression }
  | { kind: "binary"; operator: BinaryOperator; left: Expression; right: Expression }
  | { kind: "isNull"; value: Expression; negated: boolean }
  | { kind: "in"; value: Expression; list: Expression[]; negated: boolean }
  | { kind: "like"; value: Expression; pattern: Expression; negated: boolean }
  | { kind: "exists"; select: Select };

export type BinaryOperator =
  | "or"
  | "and"
  | "="
  | "<>"
  | "<"
  | "<="
  | ">"
  | ">="
  | "+"
  | "-"
  | "*"
  | "/"
  | "%";

/** A name of up to three parts; those in front may be missing. */
export interface ObjectName {
  database?: string;
  schema?: string;
  name: string;
}

export interface Source extends ObjectName {
  alias: string;
}

export interface Join {
  kind: "inner" | "left" | "cross";
  source: Source;
  on?: Expression;
}

export type SelectItem =
  | { kind: "all"; alias?: string }
  | { kind: "value"; value: Expression; name: string }
  /** `SELECT @name = …` */
  | { kind: "assign"; variable: string; value: Expression };

export interface Select {
  items: SelectItem[];
  distinct: boolean;
  top?: Expression;
  from?: Source;
  joins: Join[];
  where?: Expression;
  orderBy: { value: Expression; descending: boolean }[];
}

export interface ColumnDefinition {
  name: string;
  type: SqlType;
  nullable: boolean;
  primaryKey: boolean;
  identity?: { seed: number; increment: number };
}

/** What a permission is on. */
export interface Securable {
  class: "DATABASE" | "SCHEMA" | "OBJECT";
  /** Empty for the database. */
  name: ObjectName;
}

export type Statement =
  | { kind: "select"; select: Select }
  | { kind: "insert"; into: ObjectName; columns?: string[]; rows?: Expression[][]; select?: Select }
  | { kind: "update"; table: ObjectName; set: { column: string; value: Expression }[]; where?: Expression }
  | { kind: "delete"; from: ObjectName; where?: Expression }
  | { kind: "createTable"; table: ObjectName; columns: ColumnDefinition[] }
  | { kind: "dropTable"; table: ObjectName; ifExists: boolean }
  | { kind: "createUser"; name: string; sid: Expression; type: "E" | "X" }
  /** Only to be refused as Azure refuses it. */
  | { kind: "createUserFromExternalProvider"; name: string }
  | { kind: "dropPrincipal"; principal: "user" | "role"; name: string; ifExists: boolean }
  | { kind: "createRole"; name: string }
  | { kind: "alterRole"; role: string; change: "add" | "drop"; member: string }
  | {
      kind: "permission";
      verb: "grant" | "deny" | "revoke";
      permissions: string[];
      on: Securable;
      principals: string[];
    }
  | { kind: "declare"; name: string; type: SqlType; value?: Expression }
  | { kind: "set"; name: string; value: Expression }
  | { kind: "setOption" }
  | { kind: "print"; value: Expression }
  | { kind: "execute"; text: Expression }
  | { kind: "executeProcedure"; name: string; args: { name?: string; value: Expression }[] }
  | { kind: "if"; condition: Expression; then: Statement; otherwise?: Statement }
  | { kind: "block"; statements: Statement[] }
  | { kind: "return" };
