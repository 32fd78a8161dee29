import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Certificates, openCertificates } from "../../../sandbox/core/certificates";
import { createClock } from "../../../sandbox/core/clock";
import { createDispatcher } from "../../../sandbox/core/dispatcher";
import {
  faultSettingsFromEnvironment,
  InvalidFaultSettings,
  parseFaultSettings,
} from "../../../sandbox/core/fault-settings";
import { createFaults, type Faults, noFaults } from "../../../sandbox/core/faults";
import { type Listener, listen } from "../../../sandbox/core/listener";
import type { Service } from "../../../sandbox/core/service";
import { temporaryDirectory } from "../harness";
import { proxiedFetch } from "./requests";

let directory: string;
let certificates: Certificates;
beforeAll(async () => {
  directory = temporaryDirectory();
  certificates = await openCertificates(directory);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("what strikes a request", () => {
  let effects: number;
  let faults: Faults;
  let listener: Listener;
  let put: () => ReturnType<ReturnType<typeof proxiedFetch>>;

  const counter = (more: Partial<Service> = {}): Service => ({
    name: "Counter",
    serves: (host) => host === "counter.azure.com",
    handle: (_request, response) => {
      effects += 1;
      response.writeHead(201, { "content-type": "text/plain" });
      response.write("done");
      response.end();
    },
    ...more,
  });
  const start = async (service: Service, speed = 1) => {
    effects = 0;
    faults = createFaults(createClock(speed));
    listener = await listen({
      host: "127.0.0.1",
      port: 0,
      certificates,
      dispatcher: createDispatcher([service], faults),
      tcpServices: [],
      local: service,
    });
    const proxyUrl = `http://127.0.0.1:${listener.port}`;
    const fetch = proxiedFetch({ proxyUrl, context: { certificates } } as never);
    put = () => fetch("https://counter.azure.com/thing", { method: "PUT", body: "x" });
  };
  beforeEach(() => start(counter()));
  afterEach(() => listener.close());

  test("nothing, unless asked for", async () => {
    expect((await put()).status).toBe(201);
  });

  test("throttling, before anything happened", async () => {
    faults.settings = { ...noFaults, throttleRate: 1 };
    const response = await put();
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(await response.json()).toMatchObject({ error: { code: "TooManyRequests" } });
    expect(effects).toBe(0);
  });

  test("throttling, for as long as the sandbox's clock says", async () => {
    await listener.close();
    await start(counter(), 40);
    faults.settings = { ...noFaults, throttleRate: 1 };
    const { headers } = await put();
    expect([headers.get("retry-after"), headers.get("x-ms-retry-after-ms")]).toEqual(["1", "25"]);
  });

  test("server errors, before anything happened", async () => {
    faults.settings = { ...noFaults, serverErrorRate: 1 };
    const statuses = new Set<number>();
    for (let i = 0; i < 40; i++) statuses.add((await put()).status);
    expect([...statuses].sort()).toEqual([500, 502, 503, 504]);
    expect(effects).toBe(0);
  });

  test("resets, before and after the effect", async () => {
    faults.settings = { ...noFaults, resetRate: 1 };
    for (let i = 0; i < 20; i++) await expect(put()).rejects.toThrow("fetch failed");
    expect(effects).toBeGreaterThan(0);
    expect(effects).toBeLessThan(20);
  });

  test("the same for the same seed", async () => {
    const run = async () => {
      faults.settings = { ...noFaults, seed: 7, throttleRate: 0.3, serverErrorRate: 0.3 };
      const statuses: number[] = [];
      for (let i = 0; i < 20; i++) statuses.push((await put()).status);
      return statuses;
    };
    const first = await run();
    expect(await run()).toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(2);
  });

  test("in the form of the service", async () => {
    await listener.close();
    await start(
      counter({ fail: (_request, response, error) => response.writeHead(error.status).end("<Error/>") }),
    );
    faults.settings = { ...noFaults, throttleRate: 1 };
    expect(await (await put()).text()).toBe("<Error/>");
  });

  test("never a service that is spared", async () => {
    await listener.close();
    await start(counter({ spared: true }));
    faults.settings = { ...noFaults, resetRate: 1 };
    expect((await put()).status).toBe(201);
  });

  test("a handler that fails gives 500 and says nothing of why", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    await listener.close();
    await start(
      counter({
        handle: async () => {
          throw new Error("the secret is 42");
        },
      }),
    );
    const response = await put();
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("42");
    expect(log).toHaveBeenCalledOnce();
    log.mockRestore();
  });
});

describe("settings", () => {
  test("leave out what stays as it is", () => {
    expect(parseFaultSettings({ replicationSeconds: { principal: [1, 2] }, resetRate: 0.5 }, "test")).toEqual(
      {
        ...noFaults,
        resetRate: 0.5,
        replicationSeconds: { ...noFaults.replicationSeconds, principal: [1, 2] },
      },
    );
  });

  test("come from the environment as JSON or as a file's path", () => {
    const file = join(directory, "faults.json");
    writeFileSync(file, '{"seed": 3}');
    expect(faultSettingsFromEnvironment('{"seed": 2}').seed).toBe(2);
    expect(faultSettingsFromEnvironment(file).seed).toBe(3);
  });

  test("that are wrong are all reported at once", () => {
    const wrong = { throttleRate: 2, replicationSeconds: { principal: [9, 1] }, chaos: true, seed: "x" };
    expect(() => parseFaultSettings(wrong, "KEYLESS_FAULTS")).toThrowErrorMatchingInlineSnapshot(`
      [InvalidFaultSettings: The sandbox's faults (KEYLESS_FAULTS) are not right:
        seed: Invalid input: expected number, received string
        replicationSeconds.principal: must be [shortest, longest]
        throttleRate: Too big: expected number to be <=1
        settings: Unrecognized key: "chaos"]
    `);
  });

  test.each(['{"seed":', "/no/such/file.json", '{"throttleRate":0.6,"resetRate":0.6}'])(
    "%s is refused",
    (value) => {
      expect(() => faultSettingsFromEnvironment(value)).toThrow(InvalidFaultSettings);
    },
  );
});
