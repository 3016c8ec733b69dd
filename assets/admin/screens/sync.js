/*
 * What is asked of shops and brought in from files, what is on its way to Klaviyo, and whether both agree.
 */
import { html, useRef } from "../core/dom.js";
import { number, percent } from "../core/format.js";
import { href } from "../core/router.js";
import { may, useSession } from "../core/session.js";
import { t } from "../core/strings.js";
import { useRead } from "../core/use.js";
import { Facts, Loaded, Page, Section, Tag, Time } from "../parts/base.js";
import { Imports, useImports } from "../parts/imports.js";
import { NoStores } from "../parts/no_stores.js";
import { Reconcile } from "../parts/reconcile.js";
import { Replay } from "../parts/replay.js";
import { Schedules } from "../parts/schedules.js";
import { SyncStart } from "../parts/sync_start.js";
import { Upload } from "../parts/upload.js";

/* The most that waited since this screen was opened: what progress is measured against. */
function useMost(rows) {
	const most = useRef(new Map());

	for (const row of rows)
		most.current.set(row.account, Math.max(most.current.get(row.account) || 0, row.behind));
	return most.current;
}

function Account({ row, most }) {
	const part = most > 0 ? 1 - row.behind / most : 1;
	const tag = row.in_step ? html`<${Tag} tone="good">${t("overview.in_step")}<//>` :
		html`<${Tag} tone="warn">${t("overview.behind", { n: number(row.behind) })}<//>`;

	return html`<${Section} title=${row.account} note=${t("sync.account")} actions=${tag}>
		<div class="progress-row"><progress max="1" value=${part}
			aria-label=${t("sync.progress", { account: row.account })}></progress><span>${percent(part)}</span></div>
		<${Facts} rows=${[
			[t("sync.ready"), number(row.ready)], [t("sync.sending"), number(row.sending)],
			[t("sync.waiting"), number(row.waiting)],
			row.behind_until && [t("sync.until"), html`<${Time} at=${row.behind_until} />`],
			row.oldest_waiting_at && [t("sync.oldest"), html`<${Time} at=${row.oldest_waiting_at} />`],
			[t("nav.failed"), html`<a href=${href("failed")}>${number(row.failed)}</a>`]
		]} />
	<//>`;
}

function OnItsWay({ data }) {
	const most = useMost(data.accounts);

	return html`${data.accounts.map((row) => html`<${Account} key=${row.account} row=${row}
			most=${most.get(row.account)} />`)}
		<${Section} title=${t("sync.stores")} id="stores"><ul class="stores">${data.stores.map((row) => html`
			<li class="store" key=${row.store}><div class="store-name"><bdi>${row.store}</bdi></div>
				<div class="soft">${t("sync.pending", { n: number(row.pending) })} ·${" "}
					${t("sync.due", { n: number(row.due) })}</div></li>`)}</ul><//>`;
}

export default function Sync() {
	const overview = useRead("/overview", { every: 2000, live: true });
	const stores = useRead("/stores"), imports = useImports();
	const session = useSession(), writes = may(session, "settings:write"), sends = may(session, "imports:write");

	return html`<${Page} title=${t("nav.sync")} lead=${t("sync.lead")}>
		<${Loaded} read=${stores}>${(page) => page.items.length === 0 ?
			html`<${NoStores} />` : html`
			${writes && html`<${SyncStart} stores=${page.items} reload=${imports.reload} />`}
			${sends && html`<${Upload} stores=${page.items} reload=${imports.reload} />`}
			<${Imports} imports=${imports} />
			<${Loaded} read=${overview}>${(data) => html`<${OnItsWay} data=${data} />`}<//>
			<${Schedules} stores=${page.items} />
			<${Reconcile} stores=${page.items} />
			${may(session, "agreement:write") && html`<${Replay} stores=${page.items} />`}`}<//><//>`;
}
