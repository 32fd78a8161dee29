/** Something that takes a while, and what it has to come after. Times are seconds. */
export interface Step {
  id: string;
  label: string;
  seconds: number;
  after: readonly string[];
  /** Whether it matters only to what comes after it. @default false */
  isMeans?: boolean;
}

/** A step of a chain, at the earliest time that is possible. */
export interface ChainStep {
  id: string;
  label: string;
  seconds: number;
  startsAt: number;
  endsAt: number;
}

/**
 * The chain of steps that takes longest, and ends in one that matters, when each begins as soon as everything that it comes after has ended: nobody
 * can be faster, however much is done at a time.
 *
 * @throws Error when steps come after one another in a circle
 */
export function longestChain(steps: readonly Step[]): ChainStep[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const placed = new Map<string, ChainStep & { previous?: string }>();
  const underWay = new Set<string>();

  function place(step: Step): ChainStep & { previous?: string } {
    const known = placed.get(step.id);
    if (known) return known;
    if (underWay.has(step.id)) throw new Error(`${step.label} comes after itself`);
    underWay.add(step.id);
    const before = step.after.flatMap((id) => {
      const found = byId.get(id);
      return found ? [place(found)] : [];
    });
    const [last] = before.sort((one, other) => other.endsAt - one.endsAt);
    const { id, label, seconds } = step;
    const startsAt = last?.endsAt ?? 0;
    const made = {
      id,
      label,
      seconds,
      startsAt,
      endsAt: startsAt + seconds,
      ...(last ? { previous: last.id } : {}),
    };
    placed.set(id, made);
    return made;
  }

  const ends = steps.filter(({ isMeans }) => !isMeans).map(place);
  const [last] = ends.sort((one, other) => other.endsAt - one.endsAt);
  const chain: ChainStep[] = [];
  for (let step = last; step; step = step.previous === undefined ? undefined : placed.get(step.previous)) {
    const { previous: _previous, ...shown } = step;
    chain.unshift(shown);
  }
  return chain;
}
