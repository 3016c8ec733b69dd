/*
 * Asking a shop for what it holds: which kinds, since when; what that will do is said before it is done.
 */
import { html, useEffect, useState } from "../core/dom.js";
import { seg, send } from "../core/api.js";
import { number, rate } from "../core/format.js";
import { href } from "../core/router.js";
import { t } from "../core/strings.js";
import { useAction, useRead } from "../core/use.js";
import { Button, Foreign, Loaded, Notice, ProblemNote, Section, Skeleton, Tag } from "./base.js";
import { Dialog } from "./dialog.js";
import { Choice, Form, TextField } from "./form.js";
import { kindLabel } from "./imports.js";
import { JsonView } from "./json_view.js";
import { toast } from "./toast.js";

/* "2026-07-30" as it is here -> the instant in UTC; "" stays */
const instant = (day) => day ? new Date(`${day}T00:00`).toISOString() : undefined;

/* What the first page of a kind says of the whole. */
function Trial({ row }) {
	const known = row.pages !== null;

	return html`<li><strong>${kindLabel(row.kind)}</strong>${" "}
		${!row.read ? html`<${Tag} tone="bad">${t("sync.trial.refused", { status: row.status })}<//>` :
			known ? t("sync.trial.pages", { n: number(row.pages), minutes: rate(Math.max(0.1, row.seconds / 60)) }) :
				t("sync.trial.unknown")}
		${row.read && row.total !== null && html` · ${t("sync.trial.total", { n: number(row.total) })}`}
		${row.requests !== null && html`<div>${t("sync.trial.klaviyo", {
			n: number(row.requests), minutes: rate(Math.max(0.1, row.klaviyo_seconds / 60)) })}</div>`}
		${row.rejected > 0 &&
			html` · ${t("sync.trial.rejected", { n: number(row.rejected), of: number(row.items) })}`}
		${row.reason && html`<p><${Foreign} text=${row.reason} /></p>`}
		${row.first !== undefined && html`<details><summary>${t("sync.trial.first")}</summary>
			<${JsonView} value=${row.first} label=${row.url} /></details>`}</li>`;
}

function Trials({ store, body }) {
	const [rows, setRows] = useState(null), path = `/stores/${seg(store)}/sync/preview`;
	const [run, state] = useAction(async () => setRows((await send(path, body)).items));

	useEffect(() => { run(); }, []);
	return html`<${ProblemNote} error=${state.error} kept=${t("sync.kept")} retry=${run} />
		${!rows && state.busy && html`<${Skeleton} lines=${body.kinds.length} />`}
		${rows && html`<ul class="plain">${rows.map((row) =>
			html`<${Trial} key=${row.kind} row=${row} />`)}</ul>`}`;
}

function Ask({ store, kinds, from, to, reload, onClose }) {
	const body = { kinds, from: instant(from), to: instant(to) };
	const [run, state] = useAction(async () => {
		await send(`/stores/${seg(store)}/sync`, body);
		reload();
		toast(t("sync.begun"));
		onClose();
	});

	return html`<${Dialog} title=${t("sync.ask.title", { store })} onClose=${onClose} wide=${true}>
		<${Form} onSubmit=${run}>
		<p>${t("sync.ask.text")}</p>
		<${Trials} store=${store} body=${body} />
		<ul class="plain"><li>${t("sync.ask.history")}</li><li>${t("sync.ask.same")}</li>
			<li>${t("sync.ask.pace")}</li>${from && html`<li>${t("sync.ask.from", { from })}</li>`}
			${to && html`<li>${t("sync.ask.to", { to })}</li>`}</ul>
		<${ProblemNote} error=${state.error} kept=${t("sync.kept")} />
		<div class="actions end"><${Button} onClick=${onClose}>${t("act.cancel")}<//>
			<${Button} type="submit" kind="main" busy=${state.busy}>${t("sync.do")}<//></div><//><//>`;
}

function Kinds({ store, offer, reload }) {
	const [from, setFrom] = useState(""), [to, setTo] = useState(""), [asked, setAsked] = useState(null);
	const there = offer.filter((row) => row.offered), byDate = there.some((row) => row.by_date);
	const dated = Boolean(from || to), fits = (row) => row.offered && (!dated || row.by_date);
	const all = there.filter(fits).map((row) => row.kind);

	if (there.length === 0)
		return html`<${Notice} title=${t("sync.not_offered")}
			actions=${html`<a class="button" href=${href("settings", "stores", store)}>${t("sync.set_up")}</a>`}>
			<${Foreign} text=${offer.length ? offer[0].why : ""} /><//>`;
	return html`${byDate && html`<div class="filters">
			<${TextField} type="date" label=${t("sync.from")} help=${t("sync.from.help")} value=${from}
				onValue=${setFrom} />
			<${TextField} type="date" label=${t("sync.to")} value=${to} onValue=${setTo} /></div>`}
		<div class="actions">
			<${Button} kind="main" disabled=${all.length === 0} onClick=${() => setAsked(all)}>${t("sync.all")}<//>
			${there.map((row) => html`<${Button} key=${row.kind} disabled=${!fits(row)}
				onClick=${() => setAsked([row.kind])}>${kindLabel(row.kind)}<//>`)}</div>
		${dated && there.some((row) => !row.by_date) && html`<p class="note">${t("sync.not_by_date")}</p>`}
		${asked && html`<${Ask} store=${store} kinds=${asked} from=${from} to=${to} reload=${reload}
			onClose=${() => setAsked(null)} />`}`;
}

export function SyncStart({ stores, reload }) {
	const [chosen, setStore] = useState(""), store = chosen || (stores.length ? stores[0].name : "");
	const offer = useRead(store ? `/stores/${seg(store)}/sync` : null);

	if (!store)
		return null;
	return html`<${Section} title=${t("sync.start")} id="start" note=${t("sync.start.note")}>
		${stores.length > 1 && html`<${Choice} label=${t("filters.store")} value=${store} onValue=${setStore}
			choices=${stores.map((row) => row.name)} />`}
		<${Loaded} read=${offer} lines=${2}>${(page) => html`<${Kinds} key=${store} store=${store}
			offer=${page.items} reload=${reload} />`}<//><//>`;
}
