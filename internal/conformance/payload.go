package conformance

import (
	"encoding/json"
	"fmt"
	"strings"
)

// CheckPayload compares the payload of a webhook delivery with the description. The
// action is empty for events that have none. The error is of the description itself:
// it does not have the event, or cannot be read.
func (d *Description) CheckPayload(event, action string, payload []byte) ([]Finding, error) {
	name := event
	if action != "" {
		name += "-" + action
	}
	op, err := d.webhook(strings.ReplaceAll(name, "_", "-"))
	if err != nil {
		return nil, err
	}
	if op.RequestBody == nil || op.RequestBody.Value.Content.Get("application/json") == nil {
		return nil, fmt.Errorf("the description of the event %s has no payload", name)
	}
	return excuse(inspect(op.RequestBody.Value.Content.Get("application/json").Schema.Value, payload), op.template, 0, ""), nil
}

// webhook resolves the delivery of an event, once.
func (d *Description) webhook(name string) (*operation, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	template := "/webhook/" + name
	if op, ok := d.operations[template]; ok {
		return op, nil
	}
	var item struct {
		Post json.RawMessage `json:"post"`
	}
	raw, ok := d.webhooks[name]
	if !ok {
		return nil, fmt.Errorf("the event %s: %w", name, ErrUndescribed)
	}
	if err := json.Unmarshal(raw, &item); err != nil {
		return nil, fmt.Errorf("read GitHub's description of the event %s: %w", name, err)
	}
	op, err := d.resolve(template, item.Post)
	if err != nil {
		return nil, fmt.Errorf("resolve GitHub's description of the event %s: %w", name, err)
	}
	d.operations[template] = op
	return op, nil
}

// HasEvent tells whether the description has an event of that name.
func (d *Description) HasEvent(event string) bool {
	name := strings.ReplaceAll(event, "_", "-")
	for known := range d.webhooks {
		if known == name || strings.HasPrefix(known, name+"-") {
			return true
		}
	}
	return false
}
