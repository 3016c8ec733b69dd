/* When what a store sends is told, and when the shop is asked: by kind, with the last and the next run. */
import { html } from "../core/dom.js";
import { seg } from "../core/api.js";
import { href } from "../core/router.js";
import { t } from "../core/strings.js";
import { useRead } from "../core/use.js";
import { Foreign, Loaded, Section, Tag, Time } from "./base.js";

const ASK_MS = 10000;

function Row({ row }) {
	return html`<tr><th scope="row">${t(`schedule.${row.kind}`)}</th>
		<td><${Foreign} text=${row.when} />${" "}
			${row.asks_shop && html`<${Tag} tone="info">${t("schedule.asks")}<//>`}</td>
		<td>${row.running ? html`<${Tag} tone="info">${t("import.state.open")}<//>` :
			html`<${Time} at=${row.last_run_at} />`}</td>
		<td>${row.next_run_at ? html`<${Time} at=${row.next_run_at} />` : "–"}</td></tr>`;
}

function Store({ name }) {
	const rows = useRead(`/stores/${seg(name)}/schedules`, { every: ASK_MS, live: true });

	return html`<li class="import"><div class="event-head"><h3><${Foreign} text=${name} /></h3>
			<a href=${href("settings", "stores", name)}>${t("schedule.change")}</a></div>
		<${Loaded} read=${rows} lines=${3}>${(page) => html`<div class="table" tabindex="0" role="region"
			aria-label=${t("schedule.of", { store: name })}><table><thead><tr><td></td>
				<th scope="col">${t("schedule.when")}</th><th scope="col">${t("schedule.last")}</th>
				<th scope="col">${t("schedule.next")}</th></tr></thead>
			<tbody>${page.items.map((row) => html`<${Row} key=${row.kind} row=${row} />`)}</tbody>
			</table></div>`}<//></li>`;
}

export function Schedules({ stores }) {
	return html`<${Section} title=${t("schedule.title")} id="schedules" note=${t("schedule.note")}>
		<ul class="imports">${stores.map((row) => html`<${Store} key=${row.name} name=${row.name} />`)}</ul><//>`;
}
