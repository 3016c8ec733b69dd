/*
 * How fast a count grows and when it is done, from what this page has seen of it: over the last minute, so
 * that a pause or a burst long ago says nothing.
 */
import { useRef } from "../core/dom.js";

const WINDOW_MS = 60000;

/* seen: [{ at, count, percent }] of the last minute, oldest first */
export function rateOf(seen) {
	const first = seen[0], last = seen[seen.length - 1], ms = seen.length > 1 ? last.at - first.at : 0;

	if (ms < 2000)
		return { perMinute: null, doneAt: null };
	const part = (last.percent || 0) - (first.percent || 0);

	return {
		perMinute: (last.count - first.count) * 60000 / ms,
		doneAt: part > 0 ? new Date(last.at + (100 - last.percent) * ms / part).toISOString() : null
	};
}

/* rows: [{ key, count, percent, runs }]; gives key -> { perMinute, doneAt } */
export function useRates(rows) {
	const seen = useRef(new Map()), now = Date.now();

	return new Map(rows.map((row) => {
		const kept = row.runs ? (seen.current.get(row.key) || []).filter((one) => now - one.at < WINDOW_MS) : [];

		if (kept.length === 0 || now - kept[kept.length - 1].at >= 1000)
			kept.push({ at: now, count: row.count, percent: row.percent });
		seen.current.set(row.key, kept);
		return [row.key, rateOf(kept)];
	}));
}
