<?php
namespace Pannier;

/**
 * What OpenCart's events mean. Called by the shop in the middle of its own work: a handler adds rows to the outbox and returns.
 */
class Handlers
{
	/**
	 * Trigger => method of our event controllers. The question mark matches the separator of every release, and the star
	 * addHistory as well as addOrderHistory.
	 */
	const TRIGGERS = [
		'admin/model/catalog/product?addProduct/' => 'both',
		'admin/model/catalog/product?editProduct/' => 'both',
		'admin/model/catalog/product?editVariant/' => 'after',
		'admin/model/catalog/product?copyProduct/' => 'both',
		'admin/model/catalog/product?deleteProduct/' => 'both',
		'admin/model/catalog/category?addCategory/' => 'both',
		'admin/model/catalog/category?editCategory/' => 'both',
		'admin/model/catalog/category?deleteCategory/' => 'both',
		'admin/model/catalog/manufacturer?editManufacturer/' => 'after',
		'admin/model/catalog/option?editOption/' => 'after',
		'admin/model/localisation/tax_class?editTaxClass/' => 'after',
		'admin/model/localisation/tax_rate?editTaxRate/' => 'after',
		'admin/model/customer/customer?addCustomer/' => 'both',
		'admin/model/customer/customer?editCustomer/' => 'both',
		'admin/model/localisation/order_status?addOrderStatus/' => 'after',
		'admin/model/localisation/order_status?editOrderStatus/' => 'after',
		'admin/model/localisation/order_status?deleteOrderStatus/' => 'after',
		'admin/model/setting/setting?editSetting/' => 'after',
		'admin/model/sale/order?deleteOrder/' => 'before',
		'catalog/model/checkout/order?addOrder/' => 'after',
		'catalog/model/checkout/order?add*istory/' => 'both',
		'catalog/model/checkout/order?editOrder/' => 'after',
		'catalog/model/checkout/order?deleteOrder/' => 'before',
		'catalog/model/account/customer?addCustomer/' => 'both',
		'catalog/model/account/customer?editCustomer/' => 'both',
		'catalog/model/account/customer?editNewsletter/' => 'both',
		'catalog/model/account/address?addAddress/' => 'after',
		'catalog/model/account/address?editAddress/' => 'after',
		'catalog/controller/checkout/cart?add/' => 'after',
		'catalog/controller/checkout/cart?edit/' => 'both',
		'catalog/controller/checkout/cart?remove/' => 'after',
		'catalog/controller/checkout/register?save/' => 'after',
		'catalog/controller/checkout/guest?save/' => 'after',
		'catalog/controller/checkout/checkout/' => 'after',
		'catalog/controller/checkout/success/' => 'after',
	];

	private $shop;
	private $outbox;

	/** Newsletter flags before a save: customer_id => 0 or 1. */
	private static $newsletter = [];
	/** product_id => the product it belonged to before it was deleted. */
	private static $masters = [];
	/** The newest product before one was copied. */
	private static $newestProduct = '0';
	/** category_id => it and all below it, before it was deleted. */
	private static $below = [];

	public function __construct(Shop $shop)
	{
		$this->shop = $shop;
		$this->outbox = new Outbox($shop);
	}

	/** "catalog/product.addProduct" and "catalog/product/addProduct" are the same. */
	private static function name(string $route): string
	{
		return str_replace(['.', '|'], '/', $route);
	}

	/* ---- before: guards, and what would be gone afterwards ---- */

	public function before(string $route, array $args)
	{
		switch (self::name($route)) {
			case 'catalog/product/addProduct':
				return $this->outbox->guard('product_scan', $this->newest('product'));
			case 'catalog/product/copyProduct':
				self::$newestProduct = $this->newest('product');
				return $this->outbox->guard('product_scan', self::$newestProduct);
			case 'catalog/product/editProduct':
			case 'catalog/product/deleteProduct':
				self::$masters[(int)$args[0]] = $this->masterOf((int)$args[0]);
				return $this->outbox->guard('product', self::$masters[(int)$args[0]]);
			case 'catalog/category/addCategory':
				return $this->outbox->guard('category_scan', $this->newest('category'));
			case 'catalog/category/editCategory':
				return $this->outbox->guard('category', (string)(int)$args[0]);
			case 'catalog/category/deleteCategory':
				return $this->categoryGoes((int)$args[0]);
			case 'customer/customer/addCustomer':
			case 'account/customer/addCustomer':
				return $this->outbox->guard('customer_scan', $this->newest('customer'));
			case 'customer/customer/editCustomer':
			case 'account/customer/editCustomer':
				$this->outbox->guard('customer', (string)(int)$args[0]);
				return $this->rememberNewsletter((int)$args[0]);
			case 'account/customer/editNewsletter':
				return $this->rememberNewsletter($this->newsletterCustomer($args));
			case 'checkout/order/addHistory':
			case 'checkout/order/addOrderHistory':
				return $this->outbox->guard('order', (string)(int)$args[0]);
			case 'sale/order/deleteOrder':
			case 'checkout/order/deleteOrder':
				return $this->orderDeleted((int)$args[0]);
			case 'checkout/cart/edit':
				return $this->cartWillChange();
		}
	}

	private function newest(string $table): string
	{
		return (string)(int)$this->shop->value("SELECT MAX(" . $table . "_id) FROM {" . $table . "}");
	}

	/** A variant of OpenCart 4 is told with the product it belongs to. */
	private function masterOf(int $productId): string
	{
		$master = $this->shop->isVersion('4.0.0.0')
			? (int)$this->shop->value("SELECT master_id FROM {product} WHERE product_id = ?", [$productId]) : 0;

		return (string)($master ?: $productId);
	}

	/** Before 4.1 what is below a category goes without events of its own. */
	private function categoryGoes(int $categoryId)
	{
		$select = "SELECT category_id AS id FROM {category_path} WHERE path_id = ?";

		self::$below[$categoryId] = array_column($this->shop->rows($select, [$categoryId]), 'id');
		$this->outbox->recordAll('category', $select, [$categoryId], Outbox::GUARD_S);
	}

	private function categoryGone(int $categoryId)
	{
		foreach (self::$below[$categoryId] ?? [$categoryId] as $id) {
			$this->outbox->record('category', (string)(int)$id);
		}
	}

	private function rememberNewsletter(int $customerId)
	{
		self::$newsletter[$customerId] = (int)$this->shop->value("SELECT newsletter FROM {customer} WHERE customer_id = ?", [$customerId]);
	}

	/** 4.1 names the customer, older releases mean the one who is logged in. */
	private function newsletterCustomer(array $args): int
	{
		return count($args) > 1 ? (int)$args[0] : (int)$this->shop->get('customer')->getId();
	}

	/** What is deleted was perhaps never an order. */
	private function orderDeleted(int $orderId)
	{
		$order = $this->shop->row("SELECT store_id, order_status_id FROM {order} WHERE order_id = ?", [$orderId]);

		if ($order && $order['order_status_id'] > 0) {
			$this->outbox->record('order_deleted', (string)$orderId, ['store_id' => (int)$order['store_id']]);
			$this->stockOf($orderId);
		}
	}

	/* ---- after ---- */

	public function after(string $route, array $args, $output)
	{
		switch (self::name($route)) {
			case 'catalog/product/addProduct':
				return $this->outbox->record('product', $this->masterOf((int)$output));
			case 'catalog/product/editProduct':
				return $this->outbox->record('product', $this->masterOf((int)$args[0]));
			case 'catalog/product/deleteProduct':
				return $this->outbox->record('product', self::$masters[(int)$args[0]] ?? (string)(int)$args[0]);
			case 'catalog/product/copyProduct':
				return $this->outbox->record('product_scan', self::$newestProduct);
			case 'catalog/product/editVariant':
				return $this->outbox->record('product', (string)(int)$args[0]);
			case 'catalog/category/addCategory':
				return $this->outbox->record('category', (string)(int)$output);
			case 'catalog/category/editCategory':
				return $this->outbox->record('category', (string)(int)$args[0]);
			case 'catalog/category/deleteCategory':
				return $this->categoryGone((int)$args[0]);
			case 'catalog/manufacturer/editManufacturer':
				return $this->products("{product} p WHERE p.manufacturer_id = ?", (int)$args[0]);
			case 'catalog/option/editOption':
				return $this->products("{product_option} o JOIN {product} p ON p.product_id = o.product_id WHERE o.option_id = ?", (int)$args[0]);
			case 'localisation/tax_class/editTaxClass':
				return $this->products("{product} p WHERE p.tax_class_id = ?", (int)$args[0]);
			case 'localisation/tax_rate/editTaxRate':
				return $this->products("{tax_rule} r JOIN {product} p ON p.tax_class_id = r.tax_class_id WHERE r.tax_rate_id = ?", (int)$args[0]);
			case 'localisation/order_status/addOrderStatus':
			case 'localisation/order_status/editOrderStatus':
			case 'localisation/order_status/deleteOrderStatus':
				return $this->outbox->record('shop', Outbox::SHOP);
			case 'setting/setting/editSetting':
				/* Which statuses count as complete stands among them. */
				return $args[0] === 'config' ? $this->outbox->record('shop', Outbox::SHOP) : null;
			case 'customer/customer/addCustomer':
				return $this->customerAdded((int)$output, 'Admin');
			case 'account/customer/addCustomer':
				return $this->customerAdded((int)$output, 'Registration');
			case 'customer/customer/editCustomer':
				return $this->customerEdited((int)$args[0], 'Admin');
			case 'account/customer/editCustomer':
				return $this->customerEdited((int)$args[0], 'Account');
			case 'account/customer/editNewsletter':
				return $this->customerEdited($this->newsletterCustomer($args), 'Account');
			case 'account/address/addAddress':
			case 'account/address/editAddress':
				return $this->addressChanged();
			case 'checkout/order/addHistory':
			case 'checkout/order/addOrderHistory':
			case 'checkout/order/editOrder':
				$this->outbox->record('order', (string)(int)$args[0]);
				return $this->stockOf((int)$args[0]);
			case 'checkout/order/addOrder':
				return $this->checkoutStarted((string)($args[0]['email'] ?? ''));
			case 'checkout/cart/add':
				return $this->cartChanged(true);
			case 'checkout/cart/edit':
				return $this->shop->isVersion('4.0.0.0') ? $this->cartChanged(false) : null;
			case 'checkout/cart/remove':
				return $this->cartChanged(false);
			case 'checkout/register/save':
			case 'checkout/guest/save':
				return $this->guestKnown();
			case 'checkout/checkout':
				return $this->checkoutStarted('');
			case 'checkout/success':
				return $this->cartBought();
		}
	}

	/** Products that changed with something else, all at once; $from names them as `p` and has one place for a value. */
	private function products(string $from, int $id)
	{
		$column = $this->shop->isVersion('4.0.0.0') ? "IF(p.master_id > 0, p.master_id, p.product_id)" : "p.product_id";

		$this->outbox->recordAll('product', "SELECT DISTINCT $column AS id FROM $from", [$id]);
	}

	/** An order takes stock without any event of its products. */
	private function stockOf(int $orderId)
	{
		$this->products("{order_product} o JOIN {product} p ON p.product_id = o.product_id WHERE o.order_id = ?", $orderId);
	}

	private function customerAdded(int $customerId, string $source)
	{
		$this->outbox->record('customer', (string)$customerId);
		if ((int)$this->shop->value("SELECT newsletter FROM {customer} WHERE customer_id = ?", [$customerId])) {
			$this->consent($customerId, '', true, $source);
		}
	}

	private function customerEdited(int $customerId, string $source)
	{
		$now = (int)$this->shop->value("SELECT newsletter FROM {customer} WHERE customer_id = ?", [$customerId]);

		$this->outbox->record('customer', (string)$customerId);
		if (isset(self::$newsletter[$customerId]) && self::$newsletter[$customerId] !== $now) {
			$this->consent($customerId, '', (bool)$now, $source);
		}
		unset(self::$newsletter[$customerId]);
	}

	private function addressChanged()
	{
		$customerId = (int)$this->shop->get('customer')->getId();

		if ($customerId) {
			$this->outbox->record('customer', (string)$customerId);
		}
	}

	/** Who said what, when and where: OpenCart itself keeps a flag only, and nothing of guests. */
	private function consent(int $customerId, string $email, bool $subscribed, string $source)
	{
		if ($customerId) {
			$email = (string)$this->shop->value("SELECT email FROM {customer} WHERE customer_id = ?", [$customerId]);
		}
		if ($email === '') {
			return;
		}
		$this->shop->run("INSERT INTO {pannier_consent} SET email = ?, customer_id = ?, store_id = ?, subscribed = ?, at = ?, source = ?",
			[$email, $customerId, (int)$this->shop->config('config_store_id'), (int)$subscribed, time(), $source]);
		$this->outbox->record('consent', $this->shop->lastId());
	}

	/* ---- carts ---- */

	/** A step of the shop that has just answered with JSON: did it go? */
	private function wentWell(): bool
	{
		$answer = json_decode((string)$this->shop->get('response')->getOutput(), true);

		return is_array($answer) && empty($answer['error']);
	}

	private function cartChanged(bool $posted)
	{
		if ($posted && !$this->wentWell()) {
			return;
		}
		$cart = (new Cart($this->shop))->changed($posted);
		if ($cart) {
			$this->outbox->record('cart', $cart['cart_id'], $cart);
		}
	}

	/** 3.0 leaves by a redirect, which ends the request: nothing that comes after is called. */
	private function cartWillChange()
	{
		if (!$this->shop->isVersion('4.0.0.0')) {
			register_shutdown_function(function () {
				guarded($this->shop, function () {
					$this->cartChanged(false);
				});
				Flush::kickLater($this->shop);
			});
		}
	}

	/** What comes next in this session is another cart. */
	private function cartBought()
	{
		$session = $this->shop->get('session');

		if (!$this->shop->get('cart')->hasProducts()) {
			unset($session->data['pannier_cart'], $session->data['pannier_checkout']);
		}
	}

	/** The earliest moment at which a guest's address is known. */
	private function guestKnown()
	{
		$post = $this->shop->get('request')->post;
		$email = isset($post['email']) ? trim((string)$post['email']) : '';

		if (!$this->wentWell() || $email === '' || !filter_var($email, FILTER_VALIDATE_EMAIL)) {
			return;
		}
		$this->shop->get('session')->data['pannier_email'] = $email;
		/* 3.0 asks guests nothing, and makes an account wherever it has asked. */
		if ($this->shop->isVersion('4.0.0.0') && empty($post['account']) && !empty($post['newsletter'])) {
			$this->consent(0, $email, true, 'Checkout of a guest');
		}
		$this->checkoutStarted($email);
	}

	/** Told once for each cart: OpenCart draws up the order anew whenever the last page of the checkout is shown. */
	private function checkoutStarted(string $email)
	{
		$session = $this->shop->get('session');
		$cart = $this->shop->has('cart') ? (new Cart($this->shop))->snapshot() : null;

		if (!$cart || !$cart['lines']) {
			return;
		}
		if ($email !== '') {
			$cart['email'] = $email;
		}
		$told = $cart['cart_id'] . (isset($cart['email']) ? '+' : '');
		if (($session->data['pannier_checkout'] ?? '') === $told || empty($cart['email'])) {
			return;
		}
		$session->data['pannier_checkout'] = $told;
		$this->outbox->record('checkout', $cart['cart_id'], $cart);
	}
}
