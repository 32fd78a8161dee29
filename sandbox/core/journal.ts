import type { Authorizer } from "../arm/authorizer";
import type { Clock } from "./clock";
import type { Fault } from "./faults";

/** A change of something in Azure or in a cluster. Times are milliseconds of sandbox time since the epoch. */
export interface JournalWrite {
  method: "PUT" | "PATCH" | "POST" | "DELETE";
  /** The ARM id; `/applications/…` for what Graph holds; the cluster's ARM id and the path for Kubernetes' objects. */
  id: string;
  /** "Microsoft.KeyVault/vaults", "Kubernetes/Pod" */
  type: string;
  startedAt: number;
  /** When the operation ends; `startedAt` for what is done at once. */
  completedAt: number;
  /** When every part of Azure knows of it; absent for what needs no travelling. */
  effectiveAt?: number;
  /** Whose access it is about. */
  principalId?: string;
}

/** All that one principal asked of one thing. */
export interface JournalAccess {
  principalId: string;
  /** A data action, or {@link tokenExchange}. */
  operation: string;
  /** The ARM id or, for an exchange, the audience of the token that was asked for. */
  scope: string;
  firstAt: number;
  /** How often it was refused, and when last. */
  refusals: number;
  lastRefusedAt?: number;
  /** How often it was allowed, and when first. */
  allowances: number;
  allowedAt?: number;
}

/** What happened in a sandbox since it started or was last asked to forget. */
export interface JournalEntries {
  writes: JournalWrite[];
  accesses: JournalAccess[];
  faults: JournalFault[];
}

/** A request that a fault struck, before or after it took effect. */
export interface JournalFault {
  kind: Fault["kind"];
  /** "Azure Key Vault" */
  service: string;
  at: number;
}

/**
 * What the sandbox itself knows of when things took effect, for those who measure how long others waited for it.
 * Kept in memory, and bounded: from {@link mostEntries} on, what is new of a kind is no longer taken down.
 */
export interface Journal {
  wrote(write: JournalWrite): void;
  asked(access: { principalId: string; operation: string; scope: string; allowed: boolean }): void;
  struck(kind: Fault["kind"], service: string): void;
  entries(): JournalEntries;
  clear(): void;
}

/** The operation by which a token of another issuer, or a secret, becomes one of Entra's. */
export const tokenExchange = "token exchange";

export const mostEntries = 50_000;

export function createJournal(clock: Clock): Journal {
  let writes: JournalWrite[] = [];
  const accesses = new Map<string, JournalAccess>();
  let faults: JournalFault[] = [];
  return {
    wrote: (write) => {
      if (writes.length < mostEntries) writes.push(write);
    },
    asked: ({ allowed, ...what }) => {
      const key = [what.principalId, what.operation, what.scope].join("\n").toLowerCase();
      const now = clock.now();
      let access = accesses.get(key);
      if (!access) {
        if (accesses.size >= mostEntries) return;
        access = { ...what, firstAt: now, refusals: 0, allowances: 0 };
        accesses.set(key, access);
      }
      if (allowed) {
        access.allowances++;
        access.allowedAt ??= now;
      } else {
        access.refusals++;
        access.lastRefusedAt = now;
      }
    },
    struck: (kind, service) => {
      if (faults.length < mostEntries) faults.push({ kind, service, at: clock.now() });
    },
    entries: () => ({ writes: [...writes], accesses: [...accesses.values()], faults: [...faults] }),
    clear: () => {
      writes = [];
      accesses.clear();
      faults = [];
    },
  };
}

/** An authorizer whose decisions about data are taken down. */
export function journalDecisions(authorizer: Authorizer, journal: Journal): Authorizer {
  return {
    decide: (request) => {
      const decision = authorizer.decide(request);
      const { principalId, operation, dataAction, scope } = request;
      if (dataAction) journal.asked({ principalId, operation, scope, allowed: decision.allowed });
      return decision;
    },
  };
}
