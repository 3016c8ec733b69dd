/* What is held back because something is missing, and what. */
import { html, useState } from "../core/dom.js";
import { address } from "../core/api.js";
import { go, href } from "../core/router.js";
import { t } from "../core/strings.js";
import { useRead } from "../core/use.js";
import { Button, Empty, Foreign, Loaded, Page, Section, Time } from "../parts/base.js";
import { StoreChoice } from "../parts/store_choice.js";

function Held({ row }) {
	return html`<li class="store"><div class="store-name"><a href=${href("story", row.id, { store: row.store, kind: row.kind })}>
			${t(`kind.${row.kind}`)} <${Foreign} text=${row.id} /></a><p class="note"><${Foreign} text=${row.reason} /></p></div>
		<div class="soft"><${Foreign} text=${row.store} /> · ${t("held.since")} <${Time} at=${row.since} /></div></li>`;
}

export default function HeldScreen({ query }) {
	const [cursor, setCursor] = useState("");
	const page = useRead(address("/held", { store: query.store, cursor, limit: 100 }), { live: true });

	return html`<${Page} title=${t("nav.held")} lead=${t("held.lead")}>
		<${StoreChoice} value=${query.store || ""} onValue=${(store) => go(href("held", { store }), { replace: true })} />
		<${Loaded} read=${page}>${(data) => data.items.length === 0 && !cursor ? html`<${Empty} title=${t("held.none")}>${t("held.none.text")}<//>` : html`
			<${Section}><ul class="stores">${data.items.map((row) => html`<${Held} key=${row.store + row.kind + row.id} row=${row} />`)}</ul>
				<div class="actions end">${cursor && html`<${Button} onClick=${() => setCursor("")}>${t("act.first")}<//>`}
					${data.next && html`<${Button} onClick=${() => setCursor(data.next)}>${t("act.next")}<//>`}</div><//>`}<//>
	<//>`;
}
