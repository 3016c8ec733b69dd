<?php
namespace Pannier;

/** What the shop says of itself: the statuses that its orders can have, in all languages, and what the merchant chose that they mean. */
class ShopRenderer
{
	private $context;
	private $shop;
	/** order_status_id => what the merchant chose */
	private $states;
	private $complete;

	public function __construct(Context $context)
	{
		$this->context = $context;
		$this->shop = $context->shop;
		$this->states = json_decode($context->shop->own('states', '{}'), true) ?: [];
		$this->complete = array_map('intval', (array)$context->setting('config_complete_status', []));
	}

	/** [type, data] */
	public function shop(): array
	{
		$statuses = [];

		foreach ($this->names() as $statusId => $names) {
			$statuses[] = ['id' => (string)$statusId, 'name' => $names] + $this->meaning($statusId);
		}

		return ['shop.updated', ['language' => $this->context->language(), 'order_statuses' => $statuses]];
	}

	/** Of one status: "state" if the merchant chose one, "complete" if the shop counts it as complete. */
	public function meaning(int $statusId): array
	{
		return (empty($this->states[$statusId]) ? [] : ['state' => $this->states[$statusId]]) + (in_array($statusId, $this->complete, true) ? ['complete' => true] : []);
	}

	/** order_status_id => language => name */
	private function names(): array
	{
		$names = [];

		foreach ($this->shop->rows("SELECT order_status_id, language_id, name FROM {order_status} ORDER BY order_status_id, language_id") as $row) {
			if (isset($this->context->languages[(int)$row['language_id']])) {
				$names[(int)$row['order_status_id']][$this->context->languages[(int)$row['language_id']]] = Shop::text($row['name']);
			}
		}

		return $names;
	}
}
