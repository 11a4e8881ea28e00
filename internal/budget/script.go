package budget

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// scripts are the parts of the script, in the order of their names.
//
//go:embed script/*.lua
var scripts embed.FS

const (
	// channel is where all processes are told of an account that Redis has forgotten;
	// channel:PROCESS is where one is told that there is something for it.
	channel = "holdfast:budget"
	// quantum is by how many points a flow of the process that calls may go before its
	// time: to wake another process for every request would cost more than it is worth.
	quantum = 4
	// mostOperations bounds the operations whose spending is told apart in a window.
	mostOperations = 1000
)

// newScript puts the rules before the script's parts.
func newScript(t times) (*redis.Script, error) {
	var source strings.Builder
	source.WriteString("local rules = " + lua(rules(t)) + "\n")
	parts, err := fs.Glob(scripts, "script/*.lua")
	if err != nil {
		return nil, fmt.Errorf("list the script's parts: %w", err)
	}
	for _, name := range parts {
		part, err := scripts.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the script: %w", err)
		}
		source.Write(part)
	}
	return redis.NewScript(source.String()), nil
}

type luaTable map[string]any

// rules are the constants that the script decides by. A lane is a number from 1, and so
// is a kind there, since Lua counts from 1.
func rules(t times) luaTable {
	var weights, hourAsides, minuteAsides, points, kindResources, allowed []any
	for _, l := range Lanes() {
		weights = append(weights, l.weight())
		hourAsides = append(hourAsides, l.aside(hourAside))
		minuteAsides = append(minuteAsides, l.aside(minuteAside))
	}
	for k := range kind(kinds) {
		points = append(points, k.points())
		kindResources = append(kindResources, string(k.resource()))
	}
	for _, a := range t.allowed {
		var cost []any
		for k := range kind(kinds) {
			cost = append(cost, a.cost(k))
		}
		allowed = append(allowed, luaTable{
			"name": a.name, "most": a.most, "span": a.span, "cost": cost, "limit": string(a.limit()), "aside": a.limit() == PointsPerMinute, "paced": a.paced,
		})
	}
	return luaTable{
		"resources": []any{string(Core), string(GraphQL)}, "number": luaTable{string(Core): 1, string(GraphQL): 2},
		"hourly": luaTable{string(Core): string(Primary), string(GraphQL): string(Points)}, "secondary": string(Secondary),
		"holds":    []any{string(Primary), string(Points), string(Secondary)},
		"reserved": string(Reserved), "turn": string(Turn), "channel": channel,
		"weights": weights, "hour_aside": hourAsides, "minute_aside": minuteAsides, "points": points, "kinds": kindResources,
		"allowed": allowed, "quantum": quantum, "most_operations": mostOperations, "most_turns": mostTurns,
		"most_in_flight": mostInFlight, "slot_aside": slotAside, "price_weight": priceWeight, "highest_price": highestPrice,
		"hour": t.hour, "minute": t.minute, "beat": t.beat, "seen": t.seen, "collect": t.collect, "lease": t.lease,
		"settle": t.settle, "poll": t.poll, "patience": t.patience, "scout": t.scout, "another": tolerance(t.hour),
		"least_secondary": scaled(leastSecondary, t.scale), "longest_secondary": scaled(longestSecondary, t.scale),
		"expiry": max(2*t.hour, t.seen).Round(time.Millisecond),
	}
}

// lua writes a value as the script's language does; durations in milliseconds.
func lua(value any) string {
	switch v := value.(type) {
	case luaTable:
		var fields []string
		for name, field := range v {
			fields = append(fields, name+" = "+lua(field))
		}
		slices.Sort(fields) // the same script each time: Redis keeps every one that it was given
		return "{ " + strings.Join(fields, ", ") + " }"
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = lua(item)
		}
		return "{ " + strings.Join(items, ", ") + " }"
	case string:
		return strconv.Quote(v)
	case time.Duration:
		return strconv.FormatFloat(float64(v)/float64(time.Millisecond), 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}
