/*
 * Who may sign in, what they may, and for which stores.
 */
import { html, useState } from "../core/dom.js";
import { request, send } from "../core/api.js";
import { useSession } from "../core/session.js";
import { t } from "../core/strings.js";
import { useAction, useRead } from "../core/use.js";
import { Button, Foreign, Loaded, Notice, Page, Paste, ProblemNote, Section, Tag, Time } from "../parts/base.js";
import { Confirm, Dialog } from "../parts/dialog.js";
import { Check, Choice, Form, TextField } from "../parts/form.js";
import { toast } from "../parts/toast.js";
import { Logins, Tokens } from "../parts/grants.js";

const ROLES = ["viewer", "operator", "owner"];
const TONES = { active: "good", invited: "info", locked: "bad" };

const linkOf = (token) => `${location.origin}/admin#invitation=${token}`;

function StoresField({ stores, value, onValue }) {
	const limited = value !== null;

	return html`<fieldset class="field"><legend>${t("users.stores")}</legend>
		<${Check} label=${t("users.stores.all")} on=${!limited} onValue=${(all) => onValue(all ? null : [])} />
		${limited && stores.map((row) => html`<${Check} key=${row.name} label=${row.name} on=${value.includes(row.name)}
			onValue=${(on) => onValue(on ? [...value, row.name] : value.filter((name) => name !== row.name))} />`)}</fieldset>`;
}

/* user null: somebody is invited */
function UserDialog({ user, stores, reload, onClose }) {
	const [name, setName] = useState(user ? user.name : ""), [role, setRole] = useState(user ? user.role : "viewer");
	const [limits, setLimits] = useState(user ? user.stores : null), [made, setMade] = useState(null);
	const [run, state] = useAction(async () => {
		const body = { name: name.trim(), role, stores: limits };

		if (user)
			await request("PATCH", `/users/${user.id}`, { body, match: `"${user.version}"` });
		else
			setMade(await send("/users", body));
		reload();
		if (user)
			onClose();
	});

	return html`<${Dialog} title=${user ? t("users.edit.title", { name: user.name }) : t("users.invite.title")} onClose=${onClose}>
		${made ? html`<${InvitationLink} made=${made} onClose=${onClose} />` : html`<${Form} onSubmit=${() => name.trim() && run()}>
			<${TextField} label=${t("name")} help=${t("setup.name.help")} value=${name} onValue=${setName} />
			<${Choice} label=${t("users.role")} value=${role} onValue=${setRole} help=${t(`role.${role}.may`)} choices=${ROLES.map((of) => [of, t(`role.${of}`)])} />
			<${StoresField} stores=${stores} value=${limits} onValue=${setLimits} />
			<${ProblemNote} error=${state.error} kept=${t("users.kept")} />
			<div class="actions end"><${Button} onClick=${onClose}>${t("act.cancel")}<//>
				<${Button} type="submit" kind="main" busy=${state.busy}>${user ? t("users.edit.do") : t("users.invite.do")}<//></div><//>`}
	<//>`;
}

function InvitationLink({ made, onClose }) {
	return html`<p>${t("users.invited.text")}</p><${Paste} label=${t("users.link")} text=${linkOf(made.token)} secret=${true} />
		<p class="note">${t("users.link.until")} <${Time} at=${made.expires_at} /></p>
		<div class="actions end"><${Button} kind="main" onClick=${onClose}>${t("act.done")}<//></div>`;
}

function InvitationAgain({ user, onClose, reload }) {
	const [made, setMade] = useState(null);
	const [run, state] = useAction(async () => {
		setMade(await request("POST", `/users/${user.id}/invitation`));
		reload();
	});

	return html`<${Dialog} title=${t("users.again.title", { name: user.name })} onClose=${onClose}>
		${made ? html`<${InvitationLink} made=${made} onClose=${onClose} />` : html`<p>${t("users.again.text")}</p><${ProblemNote} error=${state.error} />
			<div class="actions end"><${Button} onClick=${onClose}>${t("act.cancel")}<//><${Button} kind="main" busy=${state.busy} onClick=${run}>${t("users.again.do")}<//></div>`}<//>`;
}

function User({ row, self, open }) {
	return html`<li class="store"><div class="store-name"><strong><${Foreign} text=${row.name} /></strong> ${self && html`<${Tag}>${t("users.you")}<//>`}
			<p class="note">${row.stores ? t("users.limited", { stores: row.stores.join(", ") || "–" }) : t("users.stores.all")}</p></div>
		<div><${Tag} tone="info">${t(`role.${row.role}`)}<//> <${Tag} tone=${TONES[row.state]}>${t(`user.${row.state}`)}<//>
			${row.totp && html` <${Tag} tone="good">${t("users.totp")}<//>`}</div>
		<div class="soft">${t("users.seen")} <${Time} at=${row.seen_at} /></div>
		<div class="actions"><${Button} kind="small" onClick=${() => open("edit", row)}>${t("act.edit")}<//>
			<${Button} kind="small" onClick=${() => open("again", row)}>${t("users.link.new")}<//>
			${!self && html`<${Button} kind="small" onClick=${() => open("remove", row)}>${t("act.remove")}<//>`}</div></li>`;
}

export default function Users() {
	const users = useRead("/users", { live: true }), stores = useRead("/stores"), session = useSession(), [asked, setAsked] = useState(null);
	const close = () => setAsked(null), open = (what, user) => setAsked({ what, user });

	return html`<${Page} title=${t("nav.users")} lead=${t("users.lead")} actions=${html`<${Button} kind="main" onClick=${() => open("edit", null)}>${t("users.invite")}<//>`}>
		<${Section} id="users"><${Loaded} read=${users}>${(page) => html`<ul class="stores">${page.items.map((row) =>
			html`<${User} key=${row.id} row=${row} self=${row.id === session.user.id} open=${open} />`)}</ul>
			${page.items.length === 1 && html`<${Notice}>${t("users.alone")}<//>`}`}<//><//>
		<${Logins} /><${Tokens} />
		${asked && asked.what === "edit" && html`<${UserDialog} user=${asked.user} stores=${stores.data ? stores.data.items : []} reload=${users.reload} onClose=${close} />`}
		${asked && asked.what === "again" && html`<${InvitationAgain} user=${asked.user} reload=${users.reload} onClose=${close} />`}
		${asked && asked.what === "remove" && html`<${Confirm} title=${t("users.remove.title", { name: asked.user.name })} text=${t("users.remove.text")}
			act=${t("act.remove")} danger=${true} onClose=${close} onDo=${async () => {
		await request("DELETE", `/users/${asked.user.id}`);
		toast(t("users.removed"));
		users.reload();
	}} />`}
	<//>`;
}
