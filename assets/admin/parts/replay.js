/*
 * What is kept goes through once more: mapped again, or sent again. What that will do is said before it is
 * done.
 */
import { html, useState } from "../core/dom.js";
import { request, seg, send } from "../core/api.js";
import { number } from "../core/format.js";
import { t } from "../core/strings.js";
import { useAction, useRead } from "../core/use.js";
import { Button, Facts, Foreign, Notice, ProblemNote, Section, Tag, Time } from "./base.js";
import { Confirm } from "./dialog.js";
import { Check, Choice, Form, TextField } from "./form.js";

const ASK_MS = 3000;
const FAMILIES = ["catalog", "events", "profiles", "consent"];
const TONES = { open: "info", paused: "warn", failed: "bad", done: "good", cancelled: "plain" };

const instant = (day) => day ? new Date(`${day}T00:00`).toISOString() : undefined;

function wishOf({ from, since, until, topic, families, id, live }) {
	const inbox = from === "inbox";

	return {
		from, since: instant(since), until: instant(until), live: live || undefined,
		topic: inbox && topic.trim() ? topic.trim() : undefined, id: !inbox && id.trim() ? id.trim() : undefined,
		families: !inbox && families.length ? families : undefined
	};
}

function Preview({ row }) {
	return html`<${Notice} title=${t("replay.preview")}>
		<p>${row.from === "inbox" ? t("replay.messages", { n: number(row.messages) }) :
			row.counts.map((one) => `${t(`delivery.${one.kind}`)}: ${number(one.deliveries)}`).join(" · ") ||
				t("replay.nothing")}</p>
		<p>${row.requests === null ? t("replay.requests.unknown") :
			t("replay.requests", { n: number(row.requests) })}${" "}
			${row.backfill ? t("replay.backfill") : t("replay.flows")}</p>
		${row.gone > 0 && html`<p>${t(`replay.gone.${row.from}`, { n: number(row.gone) })}</p>`}<//>`;
}

function Last({ store }) {
	const path = `/stores/${seg(store)}/replay`, last = useRead(path, { every: ASK_MS }), row = last.data;
	const [run, state] = useAction(async (what) => {
		await request("POST", `${path}/${what}`);
		last.reload();
	});
	const act = (what, kind = "") => html`<${Button} kind=${`small ${kind}`} busy=${state.busy}
		onClick=${() => run(what)}>${t(`import.${what}`)}<//>`;

	if (!row)
		return null;
	return html`<div class="import"><div class="event-head"><strong>${t("replay.last")}</strong>
			<${Tag} tone=${TONES[row.state]}>${t(`import.state.${row.state}`)}<//></div>
		${row.reason && html`<p><${Foreign} text=${row.reason} /></p>`}
		<${Facts} rows=${[
			[t("replay.from"), t(`replay.from.${row.from}`)], [t("replay.seen"), number(row.seen)],
			[t("replay.again"), number(row.again)], row.gone > 0 && [t("replay.lost"), number(row.gone)],
			[t("import.begun"), html`<${Time} at=${row.started_at} />`],
			[t("import.changed"), html`<${Time} at=${row.changed_at} />`]
		]} />
		<${ProblemNote} error=${state.error} />
		<div class="actions">${row.state === "open" && act("pause")}${row.state === "paused" && act("resume")}
			${(row.state === "open" || row.state === "paused") && act("cancel", "danger")}</div></div>`;
}

function Fields({ wish, set }) {
	const others = (name) => wish.families.filter((one) => one !== name);
	const toggle = (name, on) => set({ families: on ? [...others(name), name] : others(name) });

	return html`<${Choice} label=${t("replay.from")} value=${wish.from} onValue=${(from) => set({ from })}
			choices=${["deliveries", "inbox"].map((name) => [name, t(`replay.from.${name}`)])} />
		<${TextField} type="date" label=${t("sync.from")} value=${wish.since}
			onValue=${(since) => set({ since })} />
		<${TextField} type="date" label=${t("sync.to")} value=${wish.until} onValue=${(until) => set({ until })} />
		${wish.from === "inbox" ? html`<${TextField} label=${t("replay.topic")} value=${wish.topic}
			onValue=${(topic) => set({ topic })} />` : html`<${TextField} label=${t("replay.id")} value=${wish.id}
			onValue=${(id) => set({ id })} />
			<fieldset class="field checks"><legend>${t("replay.families")}</legend>${FAMILIES.map((name) => html`
				<${Check} key=${name} label=${t(`replay.family.${name}`)} on=${wish.families.includes(name)}
				onValue=${(on) => toggle(name, on)} />`)}</fieldset>`}
		<div class="field checks"><${Check} label=${t("replay.live")} on=${wish.live}
			onValue=${(live) => set({ live })} /></div>`;
}

export function Replay({ stores }) {
	const [chosen, setStore] = useState(""), store = chosen || stores[0].name;
	const path = `/stores/${seg(store)}/replay`;
	const [wish, setWish] = useState({
		from: "deliveries", since: "", until: "", topic: "", families: ["events"], id: "", live: false
	});
	const [preview, setPreview] = useState(null), [asked, setAsked] = useState(false);
	const [begun, setBegun] = useState(0);
	const [look, looking] = useAction(async () => setPreview(await send(`${path}/preview`, wishOf(wish))));
	const set = (change) => {
		setWish((before) => ({ ...before, ...change }));
		setPreview(null);
	};

	return html`<${Section} title=${t("replay.title")} id="replay" note=${t("replay.note")}>
		<${Form} class="filters" onSubmit=${look}>
			${stores.length > 1 && html`<${Choice} label=${t("filters.store")} value=${store} onValue=${(name) => {
		setStore(name);
		setPreview(null);
	}} choices=${stores.map((row) => row.name)} />`}
			<${Fields} wish=${wish} set=${set} />
			<div class="field"><${Button} type="submit" busy=${looking.busy}>${t("replay.look")}<//></div><//>
		<${ProblemNote} error=${looking.error} kept=${t("history.kept")} />
		${preview && html`<${Preview} row=${preview} />
			<div class="actions"><${Button} kind="main" onClick=${() => setAsked(true)}>${t("replay.do")}<//></div>`}
		<${Last} key=${`${store} ${begun}`} store=${store} />
		${asked && html`<${Confirm} title=${t("replay.confirm", { store })} act=${t("replay.do")}
			text=${t(wish.live ? "replay.flows" : "replay.backfill")} onClose=${() => setAsked(false)}
			onDo=${async () => {
		await send(path, wishOf(wish));
		setPreview(null);
		setBegun(begun + 1);
	}} />`}<//>`;
}
