package config

import (
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"regexp"
	"strings"
)

// secretNames are the variables whose values nobody may see. A public key is none.
var secretNames = regexp.MustCompile(`TOKEN|SECRET|PASSWORD|PRIVATE_KEY|KEYSET|API_KEY|KEY_DATA|HEADERS|DSN|CODEC_AUTH`)

// longestShown is the longest value that is printed, in bytes.
const longestShown = 200

// TemporalVariables are what Temporal's environment configuration reads by itself;
// they are here to be printed, and kept out of logs.
type TemporalVariables struct {
	Address   string `env:"TEMPORAL_ADDRESS"`
	Namespace string `env:"TEMPORAL_NAMESPACE"`
	APIKey    string `env:"TEMPORAL_API_KEY"`
	CodecAuth string `env:"TEMPORAL_CODEC_AUTH"`
	TLS       string `env:"TEMPORAL_TLS"`
	TLSKey    string `env:"TEMPORAL_TLS_CLIENT_KEY_DATA"`
	TLSCert   string `env:"TEMPORAL_TLS_CLIENT_CERT_DATA"`
	TLSCA     string `env:"TEMPORAL_TLS_SERVER_CA_CERT_DATA"`
	TLSName   string `env:"TEMPORAL_TLS_SERVER_NAME"`
}

// Settings are all settings of configurations such as API and Worker, each once, by
// the variable's name and fit to be logged: of a secret whether it is set, of a URL
// what is neither user nor query.
func Settings(configs ...any) []slog.Attr {
	var attrs []slog.Attr
	for _, s := range settings(configs) {
		value := fmt.Sprint(s.value)
		switch {
		case s.secret() && value == "":
			value = "not set"
		case s.secret():
			value = "set"
		case len(value) > longestShown || strings.Contains(value, "\n"):
			value = fmt.Sprintf("set, %d bytes", len(value))
		default:
			value = bare(value)
		}
		attrs = append(attrs, slog.String(s.name, value))
	}
	return attrs
}

// Secrets are the values of configurations such as API and Worker that must never
// leave the process: secrets, the passwords in URLs, and what the environment has
// Temporal's client send along (TEMPORAL_GRPC_META_*).
func Secrets(e Environment, configs ...any) []string {
	var secrets []string
	for _, pair := range e {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "TEMPORAL_GRPC_META_") {
			secrets = append(secrets, value)
		}
	}
	for _, s := range settings(configs) {
		value, ok := s.value.(string)
		if !ok || value == "" {
			continue
		}
		if s.secret() {
			secrets = append(secrets, value)
		}
		if strings.HasSuffix(s.name, "_HEADERS") { // k=v,k=v, percent-encoded
			for pair := range strings.SplitSeq(value, ",") {
				_, one, _ := strings.Cut(pair, "=")
				secrets = append(secrets, strings.TrimSpace(one))
				if decoded, err := url.PathUnescape(one); err == nil {
					secrets = append(secrets, strings.TrimSpace(decoded))
				}
			}
		}
		secrets = append(secrets, inURL(s, value)...)
	}
	return secrets
}

// inURL is what a URL holds that nobody may see: a password, a key in a user's
// place, and the values of a query's secrets.
func inURL(s setting, value string) []string {
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" {
		return nil
	}
	var secrets []string
	if password, ok := u.User.Password(); ok {
		secrets = append(secrets, password)
	}
	if s.secret() {
		secrets = append(secrets, u.User.Username())
	}
	for name, values := range u.Query() {
		if secretNames.MatchString(strings.ToUpper(name)) {
			secrets = append(secrets, values...)
		}
	}
	return secrets
}

// bare is a URL without user and query, and any other text as it is. A list of
// names and values (a connection string) or a URL that cannot be read is not shown.
func bare(value string) string {
	if !strings.Contains(value, "://") {
		return value
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" {
		return "set"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// setting is one variable's value.
type setting struct {
	name  string
	value any
}

func (s setting) secret() bool { return secretNames.MatchString(s.name) }

// settings are the fields with an env tag, of this package's structs inside as well,
// each once.
func settings(configs []any) []setting {
	var all []setting
	seen := map[string]bool{}
	var read func(v reflect.Value)
	read = func(v reflect.Value) {
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
			switch {
			case name != "" && !seen[name]:
				seen[name] = true
				all = append(all, setting{name, v.Field(i).Interface()})
			case name == "" && field.Type.Kind() == reflect.Struct && field.Type.PkgPath() == v.Type().PkgPath():
				read(v.Field(i))
			}
		}
	}
	for _, c := range configs {
		read(reflect.ValueOf(c))
	}
	return all
}
