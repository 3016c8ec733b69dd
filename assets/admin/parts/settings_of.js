/*
 * All settings of one account or store. What is changed is a draft until it is saved; a change of somebody else meanwhile
 * costs nothing of it.
 */
import { html, useState } from "../core/dom.js";
import { read, request, seg } from "../core/api.js";
import { useGuard } from "../core/router.js";
import { words } from "../core/format.js";
import { may, mayDefaults, useSession } from "../core/session.js";
import { t } from "../core/strings.js";
import { useRead } from "../core/use.js";
import { Button, Empty, Loaded, Notice, Page, Section } from "./base.js";
import { Credentials } from "./credentials.js";
import { History } from "./history.js";
import { Latest } from "./latest.js";
import { SaveDialog } from "./save_dialog.js";
import { FOLDED, grouped } from "./setting_groups.js";
import { isOwn, labelOf, SettingField } from "./setting_field.js";
import { pairsOf } from "./setting_text.js";
import { SettingsNav } from "./settings_nav.js";
import { toast } from "./toast.js";

/* What counts for an event where nothing is said here: the account's switch, else the table's. */
function baseOf(row, account) {
	const above = new Map(row.key === "store_metrics" && account ? pairsOf(account.settings.metrics || "") : []);

	return (name) => above.has(name) ? above.get(name) === "on" : (row.on || []).includes(name);
}

/* Settings that were changed by somebody else and here as well: [{ key, mine, theirs }] */
export function conflicts(draft, before, after) {
	const was = new Map(before.values.map((row) => [row.key, row.value]));

	return after.values.filter((row) => row.key in draft && was.get(row.key) !== row.value)
		.map((row) => ({ key: row.key, mine: draft[row.key], theirs: row.value }));
}

/*
 * Saves the draft over what it was made from. Where somebody else changed other settings meanwhile, it is saved over theirs;
 * where the same, nothing is saved and { both, now } says which.
 */
async function save(path, draft, before) {
	let seen = before;

	for (;;) {
		try {
			return { saved: await request("PATCH", path, { body: { changes: draft }, match: seen.etag }) };
		} catch (error) {
			if (error.status !== 409 && error.status !== 412)
				throw error;
		}
		const now = await read(path);
		const both = conflicts(draft, before, now);

		if (both.length > 0 || now.etag === seen.etag)
			return { both, now };
		seen = now;
	}
}

/* The change that puts back what was before: own values as they were, defaults as defaults. */
export function reverse(draft, before) {
	const was = new Map(before.values.map((row) => [row.key, isOwn(row) ? row.value : null]));

	return Object.fromEntries(Object.keys(draft).map((key) => [key, was.get(key)]));
}

/* Does the setting have every word of the filter, in its label, help, key, choices or group? */
export function fits(filter, row, group) {
	const choices = (row.choices || []).map(words).join(" ");
	const text = `${labelOf(row.key)} ${row.help} ${row.key} ${choices} ${t(`group.${group}`)}`.toLowerCase();

	return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/* [[group, rows]...] of what is here and what is looked for */
function found(rows, settings, filter) {
	const here = new Set(settings.values.map((row) => row.key));

	return grouped(rows.filter((row) => here.has(row.key)))
		.map(([group, list]) => [group, list.filter((row) => fits(filter, row, group))]).filter(([, list]) => list.length > 0);
}

/* One group; one that few need is shut, unless open says why not. */
function Group({ group, open, children }) {
	const id = `group-${group}`, title = t(`group.${group}`), note = t(`group.${group}.note`);

	if (!FOLDED.has(group))
		return html`<${Section} id=${id} title=${title} note=${note}><div class="settings">${children}</div><//>`;
	return html`<details class="card fold" id=${id} open=${open}>
		<summary><div class="fold-title"><h2>${title}</h2><p class="note">${note}</p></div></summary>
		<div class="fold-body settings">${children}</div></details>`;
}

function Groups({ rows, values, filter, draft, setDraft, account, platform, store, disabled, wrong }) {
	const byKey = new Map(values.map((row) => [row.key, row]));
	const set = (key, text) => setDraft((before) => {
		const next = { ...before, [key]: text };

		if (text === undefined)
			delete next[key];
		return next;
	});
	const used = (row) => row.key in draft || isOwn(byKey.get(row.key)) || (wrong && wrong.includes(row.key));

	return found(rows, { values }, filter).map(([group, list]) => html`
		<${Group} key=${group} group=${group} open=${Boolean(filter) || list.some(used)}>${list.map((row) => html`
			<${SettingField} key=${row.key} row=${row} value=${byKey.get(row.key)}
				draft=${draft[row.key]} base=${baseOf(row, account)} platform=${platform} store=${store} disabled=${disabled} error=${wrong && wrong.includes(row.key) ? wrong : ""}
				onDraft=${(text) => set(row.key, text)} />`)}<//>`);
}

/* Accounts and defaults reach stores of others: a user of some stores looks at them. */
function mayWrite(session, kind) {
	if (kind === "defaults")
		return mayDefaults(session);
	return may(session, "settings:write") && (kind === "stores" || session.user.stores === null);
}

function lookOnly(session, kind) {
	if (kind === "defaults")
		return "defaults.look_only";
	return may(session, "settings:write") ? "settings.look_only.account" : "settings.look_only";
}

function Editor({ kind, name, rows, settings, filter, account, platform, store, reload }) {
	const [base, setBase] = useState(settings), [draft, setDraft] = useState({}), [asking, setAsking] = useState(false);
	const [both, setBoth] = useState(null), [wrong, setWrong] = useState("");
	const session = useSession(), all = kind === "defaults", writes = mayWrite(session, kind);
	const [undo, setUndo] = useState(null); /* the change that takes the last one back */
	const n = Object.keys(draft).length, path = all ? "/defaults" : `/${kind}/${seg(name)}/settings`;
	const current = n === 0 ? settings : base; /* while nothing is changed here, what others change is shown at once */

	useGuard(n > 0, t("settings.leave"));
	async function doSave() {
		const result = await save(path, draft, both ? both.now : current);

		setAsking(false);
		if (!result.saved) {
			setBoth(result);
			return;
		}
		setUndo(reverse(draft, both ? both.now : current));
		setBoth(null);
		setDraft({});
		setWrong("");
		setBase(result.saved);
		reload();
		toast(t("settings.saved"));
	}
	function begin() {
		if (!both)
			setBase(current);
		setAsking(true);
	}
	const drop = (key) => setDraft((before) => {
		const next = { ...before };

		delete next[key];
		return next;
	});

	return html`
		${!writes && html`<${Notice}>${t(lookOnly(session, kind))}<//>`}
		${undo && n === 0 && html`<${Notice} tone="good" title=${t("settings.saved")} actions=${html`<${Button} onClick=${() => {
		setBase(settings);
		setDraft(undo);
		setUndo(null);
		setAsking(true);
	}}>${t("history.undo")}<//>`} />`}
		${both && html`<${Conflict} both=${both.both} draft=${draft} onTheirs=${drop} />`}
		<${Groups} rows=${rows} values=${(both ? both.now : current).values} filter=${filter} draft=${draft} account=${account} platform=${platform} store=${store} disabled=${!writes} wrong=${wrong}
			setDraft=${(change) => {
		if (n === 0)
			setBase(settings);
		setDraft(change);
	}} />
		${n > 0 && html`<div class="save-bar" role="region" aria-label=${t("settings.unsaved")}>
			<span>${t("settings.changes", { n })}</span>
			<div class="actions"><${Button} onClick=${() => { setDraft({}); setBoth(null); setWrong(""); }}>${t("settings.drop")}<//>
				<${Button} kind="main" onClick=${begin}>${t("settings.review")}<//></div></div>`}
		${asking && html`<${SaveDialog} name=${name} path=${path} draft=${draft} onSave=${doSave} onWrong=${setWrong}
			onClose=${() => setAsking(false)} />`}`;
}

function Conflict({ both, draft, onTheirs }) {
	return html`<${Notice} tone="warn" title=${t("conflict.title")}>
		<p>${t("conflict.text")}</p>
		<ul class="plain">${both.filter((row) => row.key in draft).map((row) => html`<li key=${row.key}><code>${row.key}</code>
			${t("conflict.theirs")} <bdi dir="auto">${row.theirs || "–"}</bdi> · ${t("conflict.mine")} <bdi dir="auto">${draft[row.key] === null ? t("setting.default") : draft[row.key] || "–"}</bdi>
			<${Button} kind="small" onClick=${() => onTheirs(row.key)}>${t("conflict.take")}<//></li>`)}</ul>
	<//>`;
}

/*
 * A page of settings: the way through it, what stands above them, the settings themselves, what stands below. above, below: what
 * is not looked for, and so not shown while there is a filter; before, after: its sections, [[id, title]...].
 */
export function SettingsPage({ title, lead, table, settings, before, after, above, below, ...of }) {
	const [filter, setFilter] = useState(""), wanted = filter.trim();
	const groups = table.data && settings.data ? found(table.data.items, settings.data, wanted) : [];
	const around = (rows) => wanted ? [] : rows.map(([id, text]) => [id, text, null]);
	const sections = [
		...around(before),
		...groups.map(([group, list]) => [`group-${group}`, t(`group.${group}`), wanted ? list.length : null]),
		...around(after)
	];

	return html`<${Page} title=${title} lead=${lead} wide=${true}><div class="settings-page">
		<div class="settings-side"><${SettingsNav} rows=${sections} filter=${filter} onFilter=${setFilter}
			found=${groups.reduce((sum, [, list]) => sum + list.length, 0)} /></div>
		<div class="settings-main">
			<div hidden=${Boolean(wanted)}>${above}</div>
			<${Loaded} read=${table} lines=${8}>${(rows) => html`<${Loaded} read=${settings}>${(values) => html`<${Editor} ...${of}
				rows=${rows.items} settings=${values} filter=${wanted} reload=${settings.reload} />`}<//>`}<//>
			${wanted && groups.length === 0 && html`<${Empty} title=${t("settings.found.none")}
				actions=${html`<${Button} onClick=${() => setFilter("")}>${t("settings.find.clear")}<//>`}>${t("settings.found.none.text")}<//>`}
			<div hidden=${Boolean(wanted)}>${below}</div>
		</div></div>
	<//>`;
}

export function SettingsOf({ kind, name }) {
	const path = `/${kind}/${seg(name)}`, isStore = kind === "stores", scope = isStore ? "store" : "account";
	const table = useRead("/settings"), settings = useRead(`${path}/settings`, { live: true }), one = useRead(path, { live: true });
	const account = useRead(isStore && one.data ? `/accounts/${seg(one.data.account)}` : null);
	const platforms = useRead(isStore ? "/platforms" : null), session = useSession();
	const platform = platforms.data && one.data && platforms.data.items.find((row) => row.name === one.data.platform);
	const key = isStore ? ["secret", t("secret.section")] : ["key", t("key.section")];
	const latest = isStore && may(session, "people:read") ? [["latest", t("preview.title")]] : [];

	return html`<${SettingsPage} title=${name} lead=${t(`settings.of.${scope}`)} table=${table} settings=${settings}
		before=${[key]} after=${[...latest, ["history", t("history.title")]]}
		above=${html`<${Loaded} read=${one}>${(row) => html`<${Credentials} kind=${kind} row=${row} reload=${one.reload} />`}<//>`}
		below=${html`${isStore && html`<${Latest} name=${name} />`}<${History} scope=${scope} name=${name} />`}
		kind=${kind} name=${name} account=${account.data} platform=${platform} store=${isStore ? one.data : null} />`;
}
