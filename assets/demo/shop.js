/*
 * The demo shop: four pages drawn from a list of products and a cart that the browser keeps. What is of interest here is how
 * little of it is for Pannier: the calls of pannier.push, and the consent bar.
 */
(function () {
	"use strict";

	var CURRENCY = "EUR";
	var PRODUCTS = [
		{ product_id: "mug-1", variant_id: "mug-1-red", sku: "MUG-R", name: "Coffee mug", variant_name: "Red", price: 12.5,
			brand: "Acme", categories: ["Kitchen"] },
		{ product_id: "mug-1", variant_id: "mug-1-blue", sku: "MUG-B", name: "Coffee mug", variant_name: "Blue", price: 13,
			brand: "Acme", categories: ["Kitchen"] },
		{ product_id: "filter-100", variant_id: "", sku: "FIL", name: "Paper filters, 100", variant_name: "", price: 3.2,
			brand: "", categories: ["Kitchen"] }
	];
	var page = document.getElementById("page");
	var pannier = window.pannier = window.pannier || [];

	/* ---- small things ---- */

	function make(tag, properties, children) {
		var element = Object.assign(document.createElement(tag), properties);

		(children || []).forEach(function (child) {
			element.append(child);
		});
		return element;
	}

	function money(amount) {
		return amount.toFixed(2) + " " + CURRENCY;
	}

	function query(name) {
		return new URLSearchParams(window.location.search).get(name);
	}

	function keyOf(item) {
		return item.variant_id || item.product_id;
	}

	function addressOf(item) {
		return window.location.origin + "/product?id=" + encodeURIComponent(keyOf(item));
	}

	function find(key) {
		return PRODUCTS.filter(function (item) {
			return keyOf(item) === key;
		})[0];
	}

	/* As Pannier wants a product: without members that say nothing. */
	function told(item) {
		var out = Object.assign({ currency: CURRENCY, url: addressOf(item) }, item);

		["variant_id", "variant_name", "brand"].forEach(function (name) {
			if (!out[name])
				delete out[name];
		});
		return out;
	}

	/* ---- the cart ---- */

	function readCart() {
		try {
			return JSON.parse(window.localStorage.getItem("demo_cart")) || { id: "", lines: {} };
		} catch (error) {
			return { id: "", lines: {} };
		}
	}

	function writeCart(cart) {
		window.localStorage.setItem("demo_cart", JSON.stringify(cart));
		showCount();
	}

	function linesOf(cart) {
		return Object.keys(cart.lines).map(function (key) {
			return Object.assign({ quantity: cart.lines[key] }, told(find(key)));
		});
	}

	function totalOf(lines) {
		return lines.reduce(function (sum, line) {
			return sum + line.price * line.quantity;
		}, 0);
	}

	function cartForPannier(cart) {
		var lines = linesOf(cart);

		return {
			cart_id: cart.id, currency: CURRENCY, total: totalOf(lines).toFixed(2), recover_url: window.location.origin + "/cart",
			items: lines
		};
	}

	function add(item) {
		var cart = readCart();

		cart.id = cart.id || "cart-" + Date.now();
		cart.lines[keyOf(item)] = (cart.lines[keyOf(item)] || 0) + 1;
		writeCart(cart);
		window.pannier.push(["cart", cartForPannier(cart)]);
		window.location.href = "/cart";
	}

	function showCount() {
		document.getElementById("count").textContent = linesOf(readCart()).reduce(function (sum, line) {
			return sum + line.quantity;
		}, 0);
	}

	/* ---- the pages ---- */

	function fullName(item) {
		return item.name + (item.variant_name ? ", " + item.variant_name.toLowerCase() : "");
	}

	function showList() {
		page.append(make("div", { className: "grid" }, PRODUCTS.map(function (item) {
			return make("a", { className: "card", href: addressOf(item), id: "to-" + keyOf(item) }, [
				make("div", { className: "picture", textContent: item.name[0] }),
				make("div", { textContent: fullName(item) }),
				make("div", { className: "price", textContent: money(item.price) })
			]);
		})));
		pannier.push(["category", { id: "kitchen", name: "Kitchen", url: window.location.origin + "/" }]);
	}

	function showProduct() {
		var item = find(query("id")), button = make("button", { id: "add", type: "button", textContent: "Add to cart" });

		if (!item) {
			page.append(make("p", { textContent: "There is no such product." }));
			return;
		}
		button.addEventListener("click", function () {
			add(item);
		});
		page.append(make("h1", { textContent: fullName(item) }), make("div", { className: "picture", textContent: item.name[0] }),
			make("p", { className: "price", textContent: money(item.price) }), button);
		pannier.push(["product", told(item)]);
	}

	function table(lines) {
		var rows = lines.map(function (line) {
			return make("tr", {}, [make("td", { textContent: fullName(line) }), make("td", { textContent: line.quantity }),
				make("td", { textContent: money(line.price * line.quantity) })]);
		});

		rows.push(make("tr", {}, [make("th", { textContent: "Total" }), make("td"),
			make("th", { id: "total", textContent: money(totalOf(lines)) })]));
		return make("table", {}, rows);
	}

	function showCart() {
		var cart = readCart(), lines = linesOf(cart);

		page.append(make("h1", { textContent: "Cart" }));
		if (lines.length === 0) {
			page.append(make("p", { textContent: "Your cart is empty." }));
			return;
		}
		page.append(table(lines), make("p", {}, [make("a", {
			className: "button", id: "to-checkout", href: "/checkout", textContent: "Checkout"
		})]));
		pannier.push(["cart", cartForPannier(cart)]);
	}

	function field(label, name, type) {
		return make("label", {}, [label, make("input", { name: name, type: type, required: true })]);
	}

	function showCheckout() {
		var lines = linesOf(readCart());
		var newsletter = make("label", { className: "row" }, [make("input", { name: "newsletter", type: "checkbox" }),
			"Send me the newsletter"]);
		var form = make("form", { id: "order" }, [field("First name", "first_name", "text"),
			field("Last name", "last_name", "text"), field("E-mail", "email", "email"), newsletter,
			make("p", { className: "error", id: "error", hidden: true }), make("button", { textContent: "Order" })]);

		page.append(make("h1", { textContent: "Checkout" }), table(lines), form);
		/* The moment the visitor is known: all that was seen before counts from now on. */
		form.elements.email.addEventListener("change", function () {
			if (form.elements.email.checkValidity())
				window.pannier.push(["identify", { email: form.elements.email.value }]);
		});
		form.addEventListener("submit", function (event) {
			event.preventDefault();
			order(form, lines);
		});
		pannier.push(["checkout", cartForPannier(readCart())]);
	}

	/* The order is the shop's server's to tell: a browser could say anything. */
	function order(form, lines) {
		window.fetch("/order", {
			method: "POST", headers: { "Content-Type": "application/json" },
			body: JSON.stringify({
				customer: {
					email: form.elements.email.value, first_name: form.elements.first_name.value,
					last_name: form.elements.last_name.value, accepts_marketing: form.elements.newsletter.checked
				},
				currency: CURRENCY, total: totalOf(lines).toFixed(2),
				lines: lines.map(function (line, at) {
					return {
						line_id: String(at + 1), product_id: line.product_id, variant_id: line.variant_id, sku: line.sku,
						name: line.name, quantity: line.quantity, unit_price: line.price.toFixed(2),
						row_total: (line.price * line.quantity).toFixed(2)
					};
				})
			})
		}).then(function (answer) {
			return answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)));
		}).then(function (placed) {
			writeCart({ id: "", lines: {} });
			window.location.href = "/thanks?order=" + encodeURIComponent(placed.order_id);
		}).catch(function (error) {
			document.getElementById("error").textContent = "The order was not taken: " + error.message;
			document.getElementById("error").hidden = false;
		});
	}

	function showThanks() {
		page.append(make("h1", { textContent: "Thank you" }),
			make("p", { id: "number", textContent: "Your order is number " + query("order") + "." }),
			make("p", {}, [make("a", { href: "/", textContent: "Back to the shop" })]));
	}

	/* ---- consent ---- */

	function askConsent() {
		var bar = document.getElementById("consent");

		function answer(yes) {
			window.localStorage.setItem("demo_asked", "1");
			bar.hidden = true;
			window.pannier.push(["consent", yes]);
		}

		bar.hidden = window.localStorage.getItem("demo_asked") === "1";
		document.getElementById("consent-yes").addEventListener("click", answer.bind(null, true));
		document.getElementById("consent-no").addEventListener("click", answer.bind(null, false));
	}

	({ "/": showList, "/product": showProduct, "/cart": showCart, "/checkout": showCheckout,
		"/thanks": showThanks })[window.location.pathname]();
	showCount();
	askConsent();
})();
