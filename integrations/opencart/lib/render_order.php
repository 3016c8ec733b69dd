<?php
namespace Pannier;

/**
 * An order as it is now, with its whole history. Amounts are in the connection's currency, so that what a customer has spent adds up:
 * at the rate of then if the order was made in it, else at today's; what they saw in another one stands beside it. Payment data, addresses of machines and internal
 * comments are not read.
 */
class OrderRenderer
{
	/** What belongs to an order: table => the column that its rows are in order of. */
	const PARTS = ['order_total' => 'sort_order, order_total_id', 'order_product' => 'order_product_id', 'order_option' => 'order_option_id',
		'order_history' => 'order_history_id'];

	/** OpenCart 4.1 voids an order for a moment when the merchant changes it: what is voided for so long at most was not. */
	const CHANGE_S = 10;

	/** Unix seconds at which the order last rendered has to be looked at again, 0 = never. */
	public $changesAt = 0;

	private $context;
	private $shop;
	private $variants;
	private $statusMeanings;
	/** order_id => its row if it is of this store, [] = not; of the orders that were loaded. */
	private $rows = [];
	/** table => order_id => rows, of the orders that were loaded. */
	private $parts = [];
	private $statuses = [];
	/** Of the order that is rendered: from the shop's own currency to the connection's. */
	private $rate = 1.0;

	public function __construct(Context $context)
	{
		$this->context = $context;
		$this->shop = $context->shop;
		$this->variants = new Variants($context);
		$this->statusMeanings = new ShopRenderer($context);
	}

	/** These orders are rendered next. OpenCart has no index by which an order's history is found: each query reads the whole table. */
	public function load(array $orderIds)
	{
		$orderIds = array_map('intval', $orderIds);

		$this->rows = array_fill_keys($orderIds, []) + $this->rows;
		foreach ($this->shop->rows("SELECT * FROM {order} WHERE order_id IN (?) AND store_id = ?", [$orderIds, $this->context->storeId]) as $row) {
			$this->rows[(int)$row['order_id']] = $row;
		}
		foreach (self::PARTS as $table => $order) {
			$this->parts[$table] = array_fill_keys($orderIds, []) + ($this->parts[$table] ?? []);
			foreach ($this->shop->rows("SELECT * FROM {" . $table . "} WHERE order_id IN (?) ORDER BY $order", [$orderIds]) as $row) {
				$this->parts[$table][(int)$row['order_id']][] = $row;
			}
		}
		$this->variants->load(array_unique(array_column(array_merge([], ...array_values($this->parts['order_product'])), 'product_id')));
	}

	private function part(string $table, int $orderId): array
	{
		return $this->parts[$table][$orderId];
	}

	/** [type, data], or null: another store's, or not an order yet. */
	public function order(int $orderId, bool $historical = false)
	{
		if (!isset($this->rows[$orderId])) {
			$this->load([$orderId]);
		}
		$row = $this->rows[$orderId];
		$this->changesAt = 0;
		if (!$row || !(int)$row['order_status_id']) {
			return null;
		}
		$this->rate = $row['currency_code'] === $this->context->currency && (float)$row['currency_value'] > 0 ? (float)$row['currency_value'] : $this->context->rate();
		$data = [
			'order_id' => (string)$orderId,
			'order_number' => (string)$orderId,
			'status' => $this->statusName((int)$row['order_status_id']),
			'currency' => $this->context->currency,
			'total' => $this->money($row['total']),
		];
		$data += $this->totals($orderId);
		$data += [
			'customer' => $this->customer($row),
			'billing' => $this->address($row, 'payment'),
			'shipping' => $this->address($row, 'shipping'),
			'shipping_method' => $this->method($row['shipping_method']),
			'payment_method' => $this->method($row['payment_method']),
			'channel' => Shop::text($row['store_name']),
			'locale' => $this->context->languages[(int)$row['language_id']] ?? '',
			'lines' => $this->lines($orderId),
			'history' => $this->history($orderId),
			'custom' => $this->custom($row),
		];
		if ($historical) {
			$data['historical'] = true;
		}

		return ['order.updated', array_filter($data, function ($value) {
			return $value !== '' && $value !== [] && $value !== null;
		})];
	}

	/** [type, data] of an order that was removed. */
	public function deleted(int $orderId): array
	{
		return ['order.cancelled', ['order_id' => (string)$orderId, 'cancelled_at' => Shop::timeText($this->context->now), 'reason' => 'Deleted in the shop']];
	}

	private function money($value): string
	{
		return number_format((float)$value * $this->rate, 4, '.', '');
	}

	private function statusName(int $statusId): string
	{
		if (!isset($this->statuses[$statusId])) {
			$this->statuses[$statusId] = Shop::text($this->shop->value("SELECT name FROM {order_status} WHERE order_status_id = ? AND language_id = ?",
				[$statusId, $this->context->languageId]));
		}

		return $this->statuses[$statusId];
	}

	/** A title, or since 4.0 an object with one. */
	private function method($value): string
	{
		$object = json_decode((string)$value, true);

		return Shop::text(is_array($object) ? strip_tags((string)($object['name'] ?? '')) : strip_tags((string)$value));
	}

	private function totals(int $orderId): array
	{
		$sums = ['sub_total' => 0.0, 'tax' => 0.0, 'shipping' => 0.0];
		$discount = 0.0;
		$codes = [];

		foreach ($this->part('order_total', $orderId) as $row) {
			if (isset($sums[$row['code']])) {
				$sums[$row['code']] += (float)$row['value'];
			} elseif ($row['code'] !== 'total' && (float)$row['value'] < 0) {
				$discount -= (float)$row['value'];
			}
			if ($row['code'] === 'coupon' && preg_match('/\(([^()]+)\)\s*$/', Shop::text($row['title']), $match)) {
				$codes[] = $match[1];
			}
		}

		return ['subtotal' => $this->money($sums['sub_total']), 'tax_total' => $this->money($sums['tax']), 'shipping_total' => $this->money($sums['shipping']),
			'discount_total' => $this->money($discount), 'discount_codes' => $codes];
	}

	private function customer(array $row): array
	{
		return array_filter([
			'customer_id' => (string)(int)$row['customer_id'],
			'email' => trim($row['email']),
			'first_name' => Shop::text($row['firstname']),
			'last_name' => Shop::text($row['lastname']),
			'phone' => Phone::international((string)$row['telephone'], $this->context->countryCode((int)($row['payment_country_id'] ?: $row['shipping_country_id']))),
			'organization' => Shop::text($row['payment_company']),
		], 'strlen');
	}

	private function address(array $row, string $which): array
	{
		return array_filter([
			'first_name' => Shop::text($row[$which . '_firstname']),
			'last_name' => Shop::text($row[$which . '_lastname']),
			'company' => Shop::text($row[$which . '_company']),
			'address1' => Shop::text($row[$which . '_address_1']),
			'address2' => Shop::text($row[$which . '_address_2']),
			'city' => Shop::text($row[$which . '_city']),
			'zip' => Shop::text($row[$which . '_postcode']),
			'region' => Shop::text($row[$which . '_zone']),
			'region_code' => $this->context->zoneCode((int)$row[$which . '_zone_id']),
			'country' => Shop::text($row[$which . '_country']),
			'country_code' => $this->context->countryCode((int)$row[$which . '_country_id']),
		], 'strlen');
	}

	private function lines(int $orderId): array
	{
		$lines = [];
		$chosen = [];

		foreach ($this->part('order_option', $orderId) as $row) {
			$chosen[(int)$row['order_product_id']][] = $row;
		}
		foreach ($this->part('order_product', $orderId) as $row) {
			$options = $chosen[(int)$row['order_product_id']] ?? [];
			list($productId, $variantId) = $this->variants->bought((int)$row['product_id'], array_map('intval', array_column($options, 'product_option_value_id')));
			$unit = (float)$row['price'] + ($this->context->setting('config_tax') ? (float)$row['tax'] : 0.0);
			$lines[] = array_filter([
				'line_id' => (string)$row['order_product_id'],
				'product_id' => $productId,
				'variant_id' => $variantId,
				'name' => Shop::text($row['name']),
				'variant_name' => implode(' / ', array_map([Shop::class, 'text'], array_column($options, 'value'))),
				'quantity' => (int)$row['quantity'],
				'unit_price' => $this->money($unit),
				'row_total' => $this->money($unit * (int)$row['quantity']),
				'tax' => $this->money((float)$row['tax'] * (int)$row['quantity']),
			], function ($value) {
				return $value !== '';
			});
		}

		return $lines;
	}

	private function history(int $orderId): array
	{
		$history = [];

		$rows = $this->part('order_history', $orderId);
		foreach ($rows as $i => $row) {
			$statusId = (int)$row['order_status_id'];
			if (!$statusId || $this->isChange($row, $rows[$i + 1] ?? null)) {
				continue;
			}
			$entry = ['status_id' => (string)$statusId, 'status' => $this->statusName($statusId), 'at' => $this->shop->time($row['date_added'], $this->context->now)] +
				$this->statusMeanings->meaning($statusId);
			if ($row['notify'] && trim((string)$row['comment']) !== '') {
				$entry['reason'] = Shop::cut(trim(strip_tags(Shop::text($row['comment']))), 500);
			}
			$history[] = $entry;
		}

		return $history;
	}

	/** Is the entry part of a change of the order, and not a status that somebody gave it? */
	private function isChange(array $row, $next): bool
	{
		if ((int)$row['order_status_id'] !== (int)$this->context->setting('config_void_status_id', 0) || trim((string)$row['comment']) !== '') {
			return false;
		}
		$at = (int)strtotime($row['date_added']);
		if ($next) {
			return (int)strtotime($next['date_added']) - $at <= self::CHANGE_S;
		}
		if (time() - $at > self::CHANGE_S) {
			return false;
		}
		$this->changesAt = time() + self::CHANGE_S + 1;

		return true;
	}

	private function custom(array $row): array
	{
		if ($row['currency_code'] === $this->context->currency) {
			return [];
		}

		return ['Currency Shown' => $row['currency_code'], 'Total Shown' => number_format((float)$row['total'] * (float)$row['currency_value'], 2, '.', '')];
	}
}
