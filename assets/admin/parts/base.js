/*
 * The small parts all screens are made of.
 */
import { html, useEffect, useRef, useState } from "../core/dom.js";
import { t, known } from "../core/strings.js";
import { timeAgo, timeFull, timeIn, timeShort } from "../core/format.js";

export function Icon({ name }) {
	return html`<svg class="icon" aria-hidden="true" viewBox="0 0 20 20"><path d=${PATHS[name]} /></svg>`;
}

const PATHS = {
	good: "M4 10.500l4 4 8-9", bad: "M10 5v6m0 3v.500", wait: "M10 5v5l3 3", search: "M9 4a5 5 0 1 1 0 10a5 5 0 0 1 0-10m4 9l4 4",
	menu: "M3 6h14M3 10h14M3 14h14", close: "M5 5l10 10M15 5L5 15", copy: "M7 7h9v9H7zM4 13V4h9", next: "M8 5l5 5-5 5",
	out: "M8 4H4v12h4M12 6l4 4-4 4M7 10h9"
};

/* One screen: its heading gets the focus when it opens, so that a screen reader starts there. */
export function Page({ title, lead, actions, children, wide }) {
	const heading = useRef(null);

	useEffect(() => {
		document.title = `${title} · Pannier`;
	}, [title]);
	useEffect(() => {
		if (heading.current && document.activeElement === document.body)
			heading.current.focus({ preventScroll: true });
	}, []);
	return html`<div class=${wide ? "page wide" : "page"}>
		<header class="page-head">
			<div><h1 tabindex="-1" ref=${heading} dir="auto">${title}</h1>${lead && html`<p class="lead">${lead}</p>`}</div>
			${actions && html`<div class="actions">${actions}</div>`}
		</header>
		${children}
	</div>`;
}

export function Section({ title, note, actions, children, id }) {
	return html`<section class="card" aria-labelledby=${id && `${id}-title`} id=${id}>
		${title && html`<header class="card-head">
			<div><h2 id=${id && `${id}-title`} dir="auto">${title}</h2>${note && html`<p class="note">${note}</p>`}</div>
			${actions && html`<div class="actions">${actions}</div>`}
		</header>`}
		${children}
	</section>`;
}

/* A section that is shut until it is asked for. */
export function Fold({ title, note, state, open, children }) {
	return html`<details class="card fold" open=${open}>
		<summary><span class="fold-title"><strong dir="auto">${title}</strong>${note && html` <span class="note">${note}</span>`}</span>${state}</summary>
		<div class="fold-body">${children}</div>
	</details>`;
}

/* kind: "", "main", "danger", "plain" */
export function Button({ kind = "", busy, children, type = "button", ...rest }) {
	return html`<button type=${type} class=${`button ${kind}`} aria-busy=${busy ? "true" : undefined}
		disabled=${busy || rest.disabled} ...${{ ...rest, disabled: undefined }}>${children}</button>`;
}

/* tone: good, warn, bad, info, plain */
export function Tag({ tone = "plain", children }) {
	return html`<span class=${`tag ${tone}`}>${children}</span>`;
}

export function Notice({ tone = "info", title, children, actions }) {
	return html`<div class=${`notice ${tone}`} role=${tone === "bad" ? "alert" : "status"}>
		<div>${title && html`<strong dir="auto">${title}</strong>`}<div class="notice-text">${children}</div></div>
		${actions && html`<div class="actions">${actions}</div>`}
	</div>`;
}

function doText(error) {
	const own = `problem.${error.code}.do`;

	if (known(own))
		return t(own, { seconds: error.retryAfter || 1 });
	return error.status >= 500 ? t("problem.server.do") : t("problem.other.do");
}

function saysText(error) {
	if (known(`problem.${error.code}`))
		return t(`problem.${error.code}`);
	return error.title || error.message || t("problem.unknown");
}

/* What happened, what was kept, what to do. */
export function ProblemNote({ error, kept, retry }) {
	if (!error)
		return null;
	return html`<${Notice} tone="bad" title=${saysText(error)}
		actions=${retry && html`<${Button} onClick=${retry}>${t("act.again")}<//>`}>
		${error.detail && html`<p dir="auto">${error.detail}</p>`}
		<p>${kept ? kept + " " : ""}${doText(error)}</p>
	<//>`;
}

export function Empty({ title, children, actions }) {
	return html`<div class="empty"><h2>${title}</h2><p>${children}</p>${actions && html`<div class="actions">${actions}</div>`}</div>`;
}

export function Skeleton({ lines = 4 }) {
	return html`<div class="skeleton" role="status" aria-label=${t("state.loading")}>
		${Array.from({ length: lines }, (_, i) => html`<div key=${i} class="bar"></div>`)}
	</div>`;
}

/* What a read has: skeleton, problem, or children(data); with old data a problem stands above it. */
export function Loaded({ read, children, lines }) {
	if (read.data === undefined)
		return read.error ? html`<${ProblemNote} error=${read.error} retry=${read.reload} />` : html`<${Skeleton} lines=${lines} />`;
	return html`${read.error && html`<${ProblemNote} error=${read.error} kept=${t("state.old")} retry=${read.reload} />`}
		${children(read.data)}`;
}

/* Seconds tick for all at once. */
const tickers = new Set();
setInterval(() => tickers.forEach((tick) => tick(Date.now())), 10000);

export function Time({ at, zone, exact }) {
	const [now, setNow] = useState(Date.now());

	useEffect(() => {
		tickers.add(setNow);
		return () => tickers.delete(setNow);
	}, []);
	if (!at)
		return html`<span class="soft">${t("time.never")}</span>`;
	const hover = `${timeFull(at)}\n${timeIn(at, zone)}`;
	const text = exact === "short" ? timeShort(at) : exact ? timeFull(at) : timeAgo(at, Math.max(now, Date.now()));

	return html`<time datetime=${at} title=${hover}>${text}</time>`;
}

/* Text of shops and people: its own direction, breaks where it must. */
export function Foreign({ text, mono }) {
	return html`<bdi class=${mono ? "foreign mono" : "foreign"} dir="auto">${text}</bdi>`;
}

export function Copy({ text, label }) {
	const [done, setDone] = useState(false);

	async function copy() {
		try {
			await navigator.clipboard.writeText(text);
			setDone(true);
			setTimeout(() => setDone(false), 2000);
		} catch (error) {
			setDone(false);
		}
	}
	return html`<button type="button" class="button small" onClick=${copy} aria-label=${t("act.copy.what", { what: label || text })}>
		<${Icon} name=${done ? "good" : "copy"} /><span aria-live="polite">${done ? t("act.copied") : t("act.copy")}</span></button>`;
}

/* Something to paste elsewhere, with a button that copies it. */
export function Paste({ label, text, secret }) {
	return html`<div class="paste">
		<div class="paste-label">${label}${secret && html` <${Tag} tone="warn">${t("once")}<//>`}</div>
		<div class="paste-row"><code dir="ltr">${text}</code><${Copy} text=${text} label=${label} /></div>
	</div>`;
}

/* [[label, value]...] */
export function Facts({ rows }) {
	return html`<dl class="facts">${rows.filter(Boolean).map(([label, value]) =>
		html`<div key=${label}><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
}
