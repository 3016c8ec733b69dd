/*
 * What happens, as it happens: one stream of server-sent events for the whole page, which say "read it again".
 *
 * Keeps:  without the stream (a proxy that swallows it, an older daemon) or an answer the screens ask every few seconds
 *         instead; nothing is asked while the page is hidden.
 */
import { answers } from "./api.js";
import { useEffect, useRef } from "./dom.js";

const ASK_MS = 5000;
const GATHER_MS = 400;
const EVENTS = ["overview", "activity", "settings"];
const listeners = new Set();
let source = null;
let timer = null;

function tell() {
	timer = null;
	for (const listener of listeners)
		listener();
}

function open() {
	source = new EventSource("/admin/api/v1/events");
	for (const name of EVENTS)
		source.addEventListener(name, () => {
			timer = timer || setTimeout(tell, GATHER_MS);
		});
}

function close() {
	if (source)
		source.close();
	source = null;
}

function follow() {
	if (listeners.size === 0 || document.hidden)
		close();
	else if (!source)
		open();
}

document.addEventListener("visibilitychange", follow);
addEventListener("pagehide", close);
setInterval(() => {
	const streams = source && source.readyState !== EventSource.CLOSED;

	if (listeners.size > 0 && !document.hidden && !(streams && answers()))
		tell();
}, ASK_MS);

/* listener(): something happened, or there is no stream and it is time to ask. */
export function useLive(listener) {
	const current = useRef(listener);

	current.current = listener;
	useEffect(() => {
		const mine = () => current.current();

		listeners.add(mine);
		follow();
		return () => {
			listeners.delete(mine);
			follow();
		};
	}, []);
}
