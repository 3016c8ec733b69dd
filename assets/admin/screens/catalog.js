/*
 * The catalog and all else that is known by an id: look one up, or go through a store's products and
 * categories.
 *
 * Keeps:  what is looked for is the address of the page.
 */
import { html, useState } from "../core/dom.js";
import { address, read, request, seg } from "../core/api.js";
import { number } from "../core/format.js";
import { go, href } from "../core/router.js";
import { may, useSession } from "../core/session.js";
import { t } from "../core/strings.js";
import { useAction, useRead } from "../core/use.js";
import { Button, Empty, Foreign, Loaded, Page, Paste, ProblemNote, Section, Tag } from "../parts/base.js";
import { Dialog } from "../parts/dialog.js";
import { Choice, Form, TextField } from "../parts/form.js";
import { NoStores } from "../parts/no_stores.js";
import { toast } from "../parts/toast.js";

const TONES = { there: "good", waiting: "warn", failed: "bad", nothing: "plain", deleted: "plain" };
const PAGE = 50;

function Line({ row }) {
	const link = href("story", row.id, { store: row.store, kind: row.kind });

	return html`<li class="store"><div class="store-name"><a href=${link}>
			<${Foreign} text=${row.title || row.id} /></a>${" "}
			${row.title && html`<span class="soft"><${Foreign} text=${row.id} mono=${true} /></span>`}</div>
		<div><${Tag} tone=${TONES[row.told]}>${t(`catalog.told.${row.told}`)}<//>${" "}
			${row.deleted && html`<${Tag} tone="warn">${t("story.deleted")}<//>`}</div>
		<div class="soft">${row.variants > 0 && t("catalog.variants", { n: number(row.variants) })}</div></li>`;
}

/* The first page is read anew when something happens; those behind it are as they were. */
function List({ query }) {
	const first = useRead(address("/catalog", { ...query, limit: PAGE }), { live: true });
	const [rest, setRest] = useState(null);
	const next = rest ? rest.next : first.data && first.data.next;
	const [more, state] = useAction(async () => {
		const page = await read(address("/catalog", { ...query, limit: PAGE, cursor: next }));

		setRest((before) => ({ items: (before ? before.items : []).concat(page.items), next: page.next }));
	});

	return html`<${Loaded} read=${first} lines=${6}>${(page) => {
		const rows = page.items.concat(rest ? rest.items : []);

		if (rows.length === 0)
			return html`<${Empty} title=${t(query.search ? "catalog.none" : "catalog.empty")}>
				${t(query.search ? "catalog.none.text" : "catalog.empty.text")}<//>`;
		return html`<ul class="stores">${rows.map((row) => html`<${Line} key=${row.id} row=${row} />`)}</ul>
			<${ProblemNote} error=${state.error} />
			${next && html`<div class="actions"><${Button} busy=${state.busy} onClick=${more}>
				${t("catalog.more")}<//></div>`}`;
	}}<//>`;
}

/* Where Klaviyo reads the catalog, if it does; for those who may change that. */
function Feed({ store }) {
	const read = useRead(`/stores/${seg(store)}`), [asking, setAsking] = useState(false);
	const [anew, state] = useAction(async () => {
		await request("POST", `/stores/${seg(store)}/feed/address`);
		read.reload();
		toast(t("feed.anew.done"));
		setAsking(false);
	});

	if (!read.data || !read.data.feed)
		return null;
	return html`<${Section} title=${t("feed.title")} note=${t("feed.note")} id="feed"
		actions=${html`<${Button} onClick=${() => setAsking(true)}>${t("feed.anew")}<//>`}>
		<${Paste} label=${t("feed.json")} text=${read.data.feed.json_url} />
		<${Paste} label=${t("feed.xml")} text=${read.data.feed.xml_url} />
		${asking && html`<${Dialog} title=${t("feed.anew")} onClose=${() => setAsking(false)}>
			<p>${t("feed.anew.text")}</p><${ProblemNote} error=${state.error} />
			<div class="actions end"><${Button} onClick=${() => setAsking(false)}>${t("act.cancel")}<//>
				<${Button} kind="main" busy=${state.busy} onClick=${anew}>${t("feed.anew")}<//></div><//>`}
	<//>`;
}

function Browse({ stores, query }) {
	const store = query.store || stores[0].name, kind = query.kind || "product";
	const [search, setSearch] = useState(query.search || "");
	const asked = { store, kind, search: query.search || "" };
	const session = useSession();
	const set = (change) => go(href("catalog", { ...asked, ...change }), { replace: true });

	return html`<${Section} title=${t("catalog.browse")} id="browse">
		<${Form} class="filters" aria-label=${t("catalog.browse")} onSubmit=${() => set({ search: search.trim() })}>
			${stores.length > 1 && html`<${Choice} label=${t("filters.store")} value=${store}
				onValue=${(name) => set({ store: name })} choices=${stores.map((row) => row.name)} />`}
			<${Choice} label=${t("filters.kind")} value=${kind} onValue=${(value) => set({ kind: value })}
				choices=${["product", "category"].map((name) => [name, t(`kind.${name}`)])} />
			<${TextField} label=${t("catalog.search")} type="search" value=${search} onValue=${setSearch} />
			<div class="field"><${Button} type="submit">${t("filters.find")}<//></div><//>
		<${List} key=${JSON.stringify(asked)} query=${asked} /><//>
		${may(session, "settings:write") && html`<${Feed} key=${store} store=${store} />`}`;
}

export default function Catalog({ query }) {
	const [text, setText] = useState(""), stores = useRead("/stores");
	const find = () => text.trim() && go(href("search", { q: text.trim() }));

	return html`<${Page} title=${t("nav.catalog")} lead=${t("catalog.lead")}>
		<${Section} id="find"><${Form} class="filters" role="search" aria-label=${t("catalog.find")}
			onSubmit=${find}>
			<${TextField} label=${t("catalog.id")} help=${t("catalog.id.help")} value=${text} onValue=${setText}
				type="search" />
			<div class="field"><${Button} type="submit" kind="main">${t("filters.find")}<//></div><//><//>
		<${Loaded} read=${stores}>${(page) => page.items.length === 0 ?
			html`<${NoStores} />` :
			html`<${Browse} stores=${page.items} query=${query} />`}<//>
	<//>`;
}
