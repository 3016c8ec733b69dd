/*
 * One setting: its label, a sentence of help, whether it is the default, and a field that fits its type.
 */
import { html, useState } from "../core/dom.js";
import { sentence, words } from "../core/format.js";
import { href } from "../core/router.js";
import { known, t } from "../core/strings.js";
import { Button, Tag } from "./base.js";
import { Choice, Switch, TextField } from "./form.js";
import { pairsOf, textOf } from "./setting_text.js";

export const labelOf = (key) => known(`setting.${key}`) ? t(`setting.${key}`) : words(key);
const choiceLabel = (value) => known(`choice.${value}`) ? t(`choice.${value}`) : value || t("choice.empty");

/* Is it set here? Only values of the defaults for all say how many go their own way. */
export const isOwn = (value) => value.from === (value.overridden === undefined ? "own" : "installation");

/* A default that is not the program's, and where it is changed. */
const Installed = () => html`<${Tag}><a href=${href("settings", "defaults")}>${t("defaults.from")}</a><//>`;

/* Where the value comes from, and the way back to the default. */
function Origin({ row, value, changed, reset, disabled }) {
	const own = isOwn(value);

	return html`<div class="origin">
		${changed ? html`<${Tag} tone="warn">${t("setting.changed")}<//>` : own ? html`<${Tag} tone="info">${t("setting.own")}<//>` :
		value.from === "installation" ? html`<${Installed} />` : html`<${Tag}>${t("setting.default")}<//>`}
		${value.overridden > 0 && html`<span class="soft">${t(`defaults.overridden.${row.scope}`, { n: value.overridden })}</span>`}
		${(own || changed) && !disabled && html`<button type="button" class="link" onClick=${reset}>
			${value.default === "" ? t("setting.reset.empty") : t("setting.reset", { value: value.default })}</button>`}</div>`;
}

/* One switch per event; a default is not written down, so that it stays one. */
function Switches({ row, text, base, onText, disabled }) {
	const own = new Map(pairsOf(text));
	const set = (name, on) => {
		const next = new Map(own);

		if (on === base(name))
			next.delete(name);
		else
			next.set(name, on ? "on" : "off");
		onText(textOf([...next]));
	};

	return html`<fieldset class="switches"><legend>${labelOf(row.key)}</legend>${row.choices.map((name) => {
		const on = own.has(name) ? own.get(name) === "on" : base(name);

		return html`<${Switch} key=${name} label=${words(name)} on=${on} disabled=${disabled} onValue=${(value) => set(name, value)}
			after=${own.has(name) && html`<${Tag} tone="info">${t("setting.own")}<//>`} />`;
	})}</fieldset>`;
}

/* Rows of "this is called that"; the last is empty. states: what the right side can be; without, any text. */
function Pairs({ row, text, onText, disabled, error, states, legend = labelOf(row.key) }) {
	const [pairs, setPairs] = useState(pairsOf(text)), rows = textOf(pairs) === textOf(pairsOf(text)) ? pairs : pairsOf(text);
	const put = (next) => {
		setPairs(next);
		onText(textOf(next));
	};
	const change = (i, at, value) => put(rows.map((pair, j) => j === i ? (at === 0 ? [value, pair[1]] : [pair[0], value]) : pair));
	const left = t(`pairs.${row.key}.left`), right = t(`pairs.${row.key}.right`);

	return html`<fieldset class="pairs" aria-invalid=${error ? "true" : undefined}><legend>${legend}</legend>
		${rows.map(([name, value], i) => html`<div class="pair" key=${i}>
			<input type="text" dir="auto" aria-label=${left} placeholder=${left} value=${name} disabled=${disabled} onInput=${(event) => change(i, 0, event.target.value)} />
			<span aria-hidden="true">→</span>
			${states ? html`<select aria-label=${right} disabled=${disabled} onChange=${(event) => change(i, 1, event.target.value)}>
				${(states.includes(value) ? states : [value, ...states]).map((state) => html`<option key=${state} value=${state} selected=${state === value}>${words(state)}</option>`)}</select>` :
		html`<input type="text" dir="auto" aria-label=${right} placeholder=${right} value=${value} disabled=${disabled} onInput=${(event) => change(i, 1, event.target.value)} />`}
			${!disabled && html`<${Button} kind="small" aria-label=${t("pairs.remove", { name })} onClick=${() => put(rows.filter((_, j) => j !== i))}>×<//>`}</div>`)}
		${!disabled && html`<${Button} kind="small" onClick=${() => setPairs([...rows, ["", states ? "placed" : ""]])}>${t("pairs.add")}<//>`}</fieldset>`;
}

/* Which of the pairs are about a status: that of its id, else that of its name. */
function pairOf(pairs, status) {
	return pairs.find(([name]) => name === status.id) || pairs.find(([name]) => name.toLowerCase() === status.name.toLowerCase());
}

/* One status, with what it means unless somebody chooses otherwise; marked while nobody says what it means. */
function OrderStatus({ status, pair, states, onState, disabled }) {
	const otherwise = status.state === "" ? [["", t("order_statuses.none")]] : [];
	const label = (state) => state === status.state ? t(status.known ? "order_statuses.default" : "order_statuses.taken", { state: words(state) }) : words(state);
	const shown = [...otherwise, ...states.map((state) => [state, label(state)])], now = pair ? pair[1] : status.state;
	const other = Object.values(status.names).filter((name) => name !== status.name);

	return html`<div class="status"><div><label for=${`status-${status.id}`}><bdi dir="auto">${status.name}</bdi> <span class="soft">${status.id}</span></label>
			${!status.known && !pair && html` <${Tag} tone="warn">${t("order_statuses.unknown")}<//>`}
			${other.length > 0 && html`<small class="soft" dir="auto">${other.join(" · ")}</small>`}</div>
		<select id=${`status-${status.id}`} disabled=${disabled} onChange=${(event) => onState(event.target.value)}>
			${shown.map(([value, text]) => html`<option key=${value} value=${value} selected=${value === now}>${text}</option>`)}</select></div>`;
}

/* What the statuses of a shop's orders mean: those that it told (else that its kind of shop comes with), then others, by name or id. */
function OrderStatuses({ row, text, onText, disabled, error, store, platform }) {
	const pairs = pairsOf(text), statuses = store.order_statuses, about = statuses.map((status) => pairOf(pairs, status));
	const own = pairs.filter((pair) => !about.includes(pair));
	const put = (i, state) => onText(textOf([...pairs.filter((pair) => pair !== about[i]), ...(state === statuses[i].state ? [] : [[statuses[i].id, state]])]));
	const putOwn = (next) => onText(textOf([...pairs.filter((pair) => !own.includes(pair)), ...pairsOf(next)]));

	return html`${statuses.length > 0 && html`<fieldset class="statuses"><legend>${labelOf(row.key)}</legend>
			<p class="help">${t(store.order_statuses_told ? "order_statuses.told" : "order_statuses.not_told")}</p>
			${statuses.map((status, i) => html`<${OrderStatus} key=${status.id} ...${{ status, disabled }} pair=${about[i]} states=${platform.order_states}
				onState=${(state) => put(i, state)} />`)}</fieldset>`}
		<${Pairs} ...${{ row, disabled, error }} text=${textOf(own)} onText=${putOwn} states=${platform.order_states}
			legend=${statuses.length > 0 ? t("order_statuses.other") : undefined} />`;
}

function inputOf({ row, value, text, base, platform, store, onText, disabled, error, after }) {
	const same = { label: labelOf(row.key), help: sentence(row.help), error, disabled, after };

	switch (row.type) {
	case "bool":
		return html`<${Switch} ...${same} on=${text === "true"} onValue=${(on) => onText(on ? "true" : "false")} />`;
	case "choice":
		return html`<${Choice} ...${same} value=${text} onValue=${onText} choices=${row.choices.map((value) => [value, choiceLabel(value)])} />`;
	case "int":
		return html`<${TextField} ...${same} value=${text} onValue=${onText} inputmode="numeric" dir="ltr" help=${`${sentence(row.help)} (${row.min} – ${row.max})`} />`;
	case "secret": /* never shown: only whether there is one */
		return html`<${TextField} ...${same} type="password" dir="ltr" maxlength=${row.max} placeholder=${value.value ? t("setting.secret.set") : ""}
			value=${text === value.value ? "" : text} onValue=${(next) => onText(next || value.value)} />`;
	case "switches":
		return html`<div class="field"><${Switches} ...${{ row, text, base, onText, disabled }} />${after}<p class="help">${sentence(row.help)}</p></div>`;
	case "pairs":
		return html`<div class="field">${row.key === "order_states" && platform && store ?
			html`<${OrderStatuses} ...${{ row, text, onText, disabled, error, platform, store }} />` :
			html`<${Pairs} ...${{ row, text, onText, disabled, error }} />`}${after}<p class="help">${sentence(row.help)}</p>
			${error && html`<p class="error" role="alert">${error}</p>`}</div>`;
	default:
		return html`<${TextField} ...${same} value=${text} onValue=${onText} dir=${row.type === "text" ? "auto" : "ltr"} maxlength=${row.max || 2000} />`;
	}
}

/* row: of the table; store, platform: none of an account; value: of the account or store; draft: text, null = back to the default, undefined = as it is */
export function SettingField({ row, value, draft, base, platform, store, onDraft, disabled, error }) {
	const text = draft === undefined ? value.value : draft === null ? value.default : draft;
	const set = (next) => onDraft(next === value.value ? undefined : next);

	return inputOf({
		row, value, text, base, platform, store, onText: set, disabled, error,
		after: html`<${Origin} row=${row} value=${value} changed=${draft !== undefined} disabled=${disabled}
			reset=${() => onDraft(isOwn(value) ? null : undefined)} />`
	});
}
