/*
 * Adding a shop: which kind it is, what it is called here. The secret is made unless the shop has one already.
 */
import { html, useState } from "../core/dom.js";
import { send } from "../core/api.js";
import { handOver } from "../core/handover.js";
import { go, href } from "../core/router.js";
import { known, t } from "../core/strings.js";
import { useAction, useRead } from "../core/use.js";
import { Button, Empty, Loaded, Page, ProblemNote, Section } from "../parts/base.js";
import { Choice, Form, TextField } from "../parts/form.js";
import { Steps } from "../parts/steps.js";

function PlatformChoice({ platforms, value, onValue }) {
	return html`<fieldset class="cards"><legend>${t("store.platform")}</legend>
		${platforms.map((row) => html`<label key=${row.name} class=${row.name === value ? "pick on" : "pick"}>
			<input type="radio" name="platform" value=${row.name} checked=${row.name === value} onChange=${() => onValue(row.name)} />
			<strong dir="auto">${row.label}</strong>
			<span class="soft">${known(`platform.${row.name}`) ? t(`platform.${row.name}`) : ""}</span></label>`)}
	</fieldset>`;
}

function StoreForm({ platforms, accounts, query }) {
	const [platform, setPlatform] = useState(platforms[0].name), [name, setName] = useState("");
	const [account, setAccount] = useState(query.account || (accounts[0] && accounts[0].name) || "");
	const [secret, setSecret] = useState(""), [tried, setTried] = useState(false);
	const chosen = platforms.find((row) => row.name === platform);
	const [run, state] = useAction(async () => {
		const body = { name: name.trim(), platform, account };
		const added = await send("/stores", secret.trim() ? { ...body, secret: secret.trim() } : body);

		handOver("secret of " + body.name, added.secret);
		go(href("waiting", body.name, { first: query.first }));
	});

	function submit() {
		setTried(true);
		if (name.trim() && account)
			run();
	}
	return html`<${Form} onSubmit=${submit}>
		<${PlatformChoice} platforms=${platforms} value=${platform} onValue=${setPlatform} />
		<${TextField} label=${t("store.name")} help=${t("store.name.help")} value=${name} onValue=${setName} dir="ltr" maxlength="63"
			error=${tried && !name.trim() && t("needed")} />
		<${Choice} label=${t("store.account")} value=${account} onValue=${setAccount} choices=${accounts.map((row) => row.name)} />
		<details><summary>${t("store.own_secret")}</summary>
			<${TextField} label=${t("store.secret")} help=${chosen.secret_is} value=${secret} onValue=${setSecret} type="password" dir="ltr" />
		</details>
		<${ProblemNote} error=${state.error} kept=${t("store.kept")} />
		<div class="actions end"><${Button} type="submit" kind="main" busy=${state.busy}>${t("store.do")}<//></div>
	<//>`;
}

export default function AddStore({ query }) {
	const platforms = useRead("/platforms"), accounts = useRead("/accounts");

	return html`<${Page} title=${t("store.title")} lead=${t("store.lead")}>
		${query.first === "1" && html`<${Steps} at="store" />`}
		<${Section} id="store"><${Loaded} read=${platforms}>${(kinds) => html`<${Loaded} read=${accounts}>${(rows) =>
			rows.items.length === 0 ? html`<${Empty} title=${t("store.no_account")} actions=${html`<a class="button main"
				href=${href("connect", { first: query.first })}>${t("connect.title")}</a>`}>${t("store.no_account.text")}<//>` :
				html`<${StoreForm} platforms=${kinds.items} accounts=${rows.items} query=${query} />`}<//>`}<//><//>
	<//>`;
}
