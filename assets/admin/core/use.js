/*
 * Reads and actions of a screen.
 */
import { useCallback, useEffect, useRef, useState } from "./dom.js";
import { last, read } from "./api.js";
import { useLive } from "./live.js";

const TRY_AGAIN_MS = 5000;

/*
 * A read: { data, error, loading, reload }. data of before stays while a new read is under way or has failed. path null: nothing
 * is read. live: again when something happens. Without an answer it is tried again until there is one.
 */
export function useRead(path, options = {}) {
	const [state, setState] = useState({ path, data: path ? last(path) : undefined, error: null, loading: Boolean(path) });
	const wanted = useRef(path), busy = useRef(false), again = useRef(false);

	wanted.current = path;
	const reload = useCallback(async () => {
		again.current = busy.current === path; /* what is on its way may be older than what made us ask */
		if (!path || again.current)
			return;
		busy.current = path;
		try {
			const data = await read(path);

			if (wanted.current === path)
				setState({ path, data, error: null, loading: false });
		} catch (error) {
			if (wanted.current === path)
				setState((before) => ({ path, data: before.path === path ? before.data : undefined, error, loading: false }));
		} finally {
			if (busy.current === path)
				busy.current = false;
			if (again.current && wanted.current === path)
				reload();
		}
	}, [path]);

	useEffect(() => {
		setState((before) => ({
			path, data: path ? (last(path) || (before.path === path ? before.data : undefined)) : undefined,
			error: null, loading: Boolean(path)
		}));
		reload();
	}, [path, reload]);
	useEffect(() => {
		if (!options.every)
			return undefined;
		const timer = setInterval(() => document.hidden || reload(), options.every);

		return () => clearInterval(timer);
	}, [options.every, reload]);
	useEffect(() => {
		if (!state.error || state.error.status !== 0)
			return undefined;
		const timer = setTimeout(reload, TRY_AGAIN_MS);

		return () => clearTimeout(timer);
	}, [state.error, reload]);
	useLive(() => options.live && reload());
	const current = state.path === path ? state : { data: path ? last(path) : undefined, error: null, loading: Boolean(path) };
	return { ...current, reload };
}

/* An action: [run, { busy, error, clear }]. run gives what fn gave, or undefined where it failed. */
export function useAction(fn) {
	const [state, setState] = useState({ busy: false, error: null });
	const current = useRef(fn), there = useRef(true);

	current.current = fn;
	useEffect(() => () => { there.current = false; }, []);
	const run = useCallback(async (...words) => {
		setState({ busy: true, error: null });
		try {
			const value = await current.current(...words);

			if (there.current)
				setState({ busy: false, error: null });
			return value === undefined ? true : value;
		} catch (error) {
			if (there.current)
				setState({ busy: false, error });
			return undefined;
		}
	}, []);
	const clear = useCallback(() => setState({ busy: false, error: null }), []);
	return [run, { ...state, clear }];
}
