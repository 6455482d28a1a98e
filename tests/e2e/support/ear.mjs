/// Counts what a client hears; `next(n)` resolves once it has heard n in all.
export function ear() {
  let heard = 0;
  let waiting = [];
  return {
    hear: () => { heard += 1; waiting = waiting.filter((one) => !(heard >= one.count && (one.done(), true))); },
    next: (count) => new Promise((done) => (heard >= count ? done() : waiting.push({count, done}))),
    get heard() { return heard; },
  };
}
