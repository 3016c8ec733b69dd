/*
 * Short words after something was done, also for screen readers.
 */
import { html, useEffect, useState } from "../core/dom.js";

const SHOWN_MS = 6000;
const listeners = new Set();

export function toast(text, undo) {
	for (const listener of listeners)
		listener({ text, undo, at: Date.now() });
}

export function Toasts() {
	const [shown, setShown] = useState(null);

	useEffect(() => {
		listeners.add(setShown);
		return () => listeners.delete(setShown);
	}, []);
	useEffect(() => {
		if (!shown)
			return undefined;
		const timer = setTimeout(() => setShown(null), SHOWN_MS);

		return () => clearTimeout(timer);
	}, [shown]);
	return html`<div class="toasts" role="status" aria-live="polite">
		${shown && html`<div class="toast" dir="auto">${shown.text}</div>`}
	</div>`;
}
