import { SqlError, unsupported } from "./engine/errors";
import { executeBatch, executeParameterized, noSuchProcedure, type ResultSink } from "./engine/execute";
import type { Session } from "./engine/session";
import { ProtocolError } from "./protocol/byte-reader";
import { type Message, packetType } from "./protocol/packets";
import { parseBatch, parseCall } from "./protocol/requests";
import type { Response } from "./protocol/response";
import { encodeResultSet } from "./protocol/result-set";

/** Procedures that exist in Azure and not here; others exist in neither. */
const knownProcedures = /^(sp_cursor|sp_prep|sp_execute$|sp_unprepare|sp_describe|sp_reset|sp_bindsession)/;

/** Does what a message asks, and puts the results, or the error, into the response. @throws ProtocolError */
export function answer(message: Message, session: Session, response: Response): void {
  switch (message.type) {
    case packetType.attention:
      response.attentionAcknowledged();
      return;
    case packetType.sqlBatch:
      run(response, "batch", (sink) => executeBatch(session, parseBatch(message.payload), sink));
      return;
    case packetType.rpc:
      run(response, "procedure", (sink) => call(message, session, sink));
      return;
    case packetType.transactionManager:
      run(response, "batch", () => {
        throw unsupported("transactions");
      });
      return;
    case packetType.bulkLoad:
      run(response, "batch", () => {
        throw unsupported("bulk load");
      });
      return;
    default:
      throw new ProtocolError(`A message of type ${message.type} was not expected.`);
  }
}

function call(message: Message, session: Session, sink: ResultSink): void {
  const { procedure, parameters } = parseCall(message.payload);
  if (procedure !== "sp_executesql") {
    throw knownProcedures.test(procedure) ? unsupported(procedure) : noSuchProcedure(procedure);
  }
  if (parameters.some(({ output }) => output)) throw unsupported("OUTPUT parameters");
  executeParameterized(session, parameters, sink);
}

/** Every statement's end is told, and the last one ends the response. */
function run(response: Response, kind: "batch" | "procedure", work: (sink: ResultSink) => void): void {
  let pending: { rowCount?: number } | undefined;
  const flush = () => {
    if (pending) response.done(kind === "batch" ? "batch" : "inProcedure", true, pending.rowCount);
    pending = undefined;
  };
  const sink: ResultSink = {
    resultSet: (set) => {
      flush();
      response.add(encodeResultSet(set));
    },
    done: (rowCount) => {
      flush();
      pending = rowCount === undefined ? {} : { rowCount };
    },
    info: (message) => {
      flush();
      response.message({ number: 0, state: 1, class: 0, message });
    },
  };
  let failed = false;
  try {
    work(sink);
  } catch (error) {
    flush();
    failed = true;
    response.message(shown(error));
  }
  if (kind === "batch") {
    response.done("batch", false, pending?.rowCount);
    return;
  }
  flush();
  if (!failed) response.returnStatus(0);
  response.done("procedure", false);
}

/** What the client is told of it. An expression can be so deep that evaluating it exhausts the stack. */
function shown(error: unknown): SqlError {
  if (error instanceof SqlError) return error;
  if (error instanceof RangeError)
    return new SqlError(8631, "Internal error: Server stack limit has been reached.", 1, 17);
  throw error;
}
