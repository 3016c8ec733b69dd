/* Name and password, and the second factor where there is one. */
import { html, useState } from "../core/dom.js";
import { signIn } from "../core/session.js";
import { t } from "../core/strings.js";
import { useAction } from "../core/use.js";
import { Button, ProblemNote } from "../parts/base.js";
import { Form, TextField } from "../parts/form.js";

export default function SignIn({ onEnter, bare }) {
	const [name, setName] = useState(""), [password, setPassword] = useState("");
	const [code, setCode] = useState(""), [asked, setAsked] = useState(false);
	const [run, state] = useAction(async () => {
		try {
			onEnter(await signIn(code ? { name, password, code } : { name, password }));
		} catch (error) {
			if (error.code !== "second_factor")
				throw error;
			setAsked(true);
		}
	});

	return html`<div class=${bare ? "" : "card gate"}>
		${!bare && html`<h1>${t("sign_in.title")}</h1>`}
		<${Form} onSubmit=${() => name && password && run()}>
			<${TextField} label=${t("name")} value=${name} onValue=${setName} autocomplete="username" autofocus=${!bare} />
			<${TextField} label=${t("password")} type="password" value=${password} onValue=${setPassword} autocomplete="current-password" />
			${asked && html`<${TextField} label=${t("code")} help=${t("code.help")} value=${code} onValue=${setCode} inputmode="numeric"
				autocomplete="one-time-code" maxlength="6" autofocus=${true} />`}
			<${ProblemNote} error=${state.error} />
			<div class="actions end"><${Button} type="submit" kind="main" busy=${state.busy}>${t("sign_in.do")}<//></div>
		<//>
	</div>`;
}
