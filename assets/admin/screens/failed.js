/*
 * What a person has to look at: by cause, with what to do.
 */
import { html, useState } from "../core/dom.js";
import { address, send } from "../core/api.js";
import { number } from "../core/format.js";
import { go, href } from "../core/router.js";
import { may, useSession } from "../core/session.js";
import { t } from "../core/strings.js";
import { useRead } from "../core/use.js";
import { Button, Empty, Foreign, Loaded, Notice, Page, Section, Tag, Time } from "../parts/base.js";
import { Confirm } from "../parts/dialog.js";
import { toast } from "../parts/toast.js";
import { StoreChoice } from "../parts/store_choice.js";

/* which: FailedChange of the API without its reason */
async function change(what, which, reason, reload) {
	const done = await send(`/failed/${what}`, reason ? { ...which, reason } : which);

	toast(t(`failed.${what}.done`, { n: number(done.changed) }));
	reload();
}

function Group({ row, store, writes, ask }) {
	const which = store ? { group: row.group, store } : { group: row.group };

	return html`<${Section} title=${row.cause || t("failed.no_cause")} id=${`group-${row.group}`}
		note=${html`<${Tag} tone="bad">${t("failed.count", { n: number(row.count) })}<//> ${t(`failed.kind.${row.kind}`)} ·${" "}
			${row.stores.map((name, i) => html`${i ? ", " : ""}<${Foreign} key=${name} text=${name} />`)}`}
		actions=${writes && html`<${Button} onClick=${() => ask("discard", which, row.count)}>${t("failed.discard")}<//>
			<${Button} kind="main" onClick=${() => ask("retry", which, row.count)}>${t("failed.retry")}<//>`}>
		<p dir="auto">${row.advice}</p>
		<p class="note">${t("failed.first")} <${Time} at=${row.first_at} /> · ${t("failed.last")} <${Time} at=${row.last_at} /> ·${" "}
			<a href=${href("story", row.example.id)}>${t("failed.example", { id: row.example.id })}</a></p>
	<//>`;
}

function Single({ row, writes, ask }) {
	return html`<li class="store"><div class="store-name"><a href=${href("story", row.id)}>${row.id}</a> <${Foreign} text=${row.what} />
			<p class="note"><${Foreign} text=${row.reason} /></p></div>
		<div class="soft"><${Foreign} text=${row.store} /> · <${Time} at=${row.failed_at} /></div>
		${writes && html`<div class="actions"><${Button} kind="small" onClick=${() => ask("discard", { ids: [row.id] }, 1)}>${t("failed.discard")}<//>
			<${Button} kind="small" onClick=${() => ask("retry", { ids: [row.id] }, 1)}>${t("failed.retry")}<//></div>`}</li>`;
}

function Singles({ store, writes, ask }) {
	const [cursor, setCursor] = useState(""), page = useRead(address("/failed", { store, cursor, limit: 50 }), { live: true });

	return html`<${Section} title=${t("failed.singles")} id="singles"><${Loaded} read=${page}>${(data) => html`
		<ul class="stores">${data.items.map((row) => html`<${Single} key=${row.id} row=${row} writes=${writes} ask=${ask} />`)}</ul>
		<div class="actions end">${cursor && html`<${Button} onClick=${() => setCursor("")}>${t("act.first")}<//>`}
			${data.next && html`<${Button} onClick=${() => setCursor(data.next)}>${t("act.next")}<//>`}</div>`}<//><//>`;
}

export default function Failed({ query }) {
	const groups = useRead(address("/failed/groups", { store: query.store }), { live: true, every: 15000 });
	const session = useSession(), writes = may(session, "failed:write"), [asked, setAsked] = useState(null);
	const ask = (what, which, n) => setAsked({ what, which, n });

	return html`<${Page} title=${t("nav.failed")} lead=${t("failed.lead")}>
		<${StoreChoice} value=${query.store || ""} onValue=${(store) => go(href("failed", { store }), { replace: true })} />
		<${Loaded} read=${groups}>${(data) => data.items.length === 0 ? html`<${Empty} title=${t("failed.none")}>${t("failed.none.text")}<//>` : html`
			${!writes && html`<${Notice}>${t("failed.look_only")}<//>`}
			${!data.complete && html`<${Notice}>${t("failed.incomplete")}<//>`}
			${data.items.map((row) => html`<${Group} key=${row.group} row=${row} store=${query.store} writes=${writes} ask=${ask} />`)}
			<${Singles} store=${query.store} writes=${writes} ask=${ask} />`}<//>
		${asked && html`<${Confirm} title=${t(`failed.${asked.what}.title`, { n: number(asked.n) })} text=${t(`failed.${asked.what}.text`)}
			act=${t(`failed.${asked.what}`)} danger=${asked.what === "discard"} reason=${asked.what === "discard"} kept=${t("failed.kept")}
			onDo=${(reason) => change(asked.what, asked.which, reason, groups.reload)} onClose=${() => setAsked(null)} />`}
	<//>`;
}
