#include "launcher/rank_tokens.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>

namespace lockstep {
namespace {

constexpr std::string_view kBegin = "${lockstep.";
constexpr std::string_view kIndex = "${lockstep.index}";

struct Token {
  enum Kind : std::uint8_t { kRank, kOwnIndex, kHost, kPort } kind = kRank;
  std::string_view role;
  std::optional<int> index;  // none: that of the rank whose text it is
  std::size_t size = 0;      // of its text
};

bool ParsePlace(std::string_view place, Token* token) {
  const std::size_t slash = place.rfind('/');
  if (slash == 0 || slash == place.npos) return false;
  token->role = place.substr(0, slash);
  const std::string_view index = place.substr(slash + 1);
  if (index == kIndex) return true;
  int number = 0;
  const auto parsed = std::from_chars(index.data(), index.data() + index.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != index.data() + index.size() || number < 0) {
    return false;
  }
  token->index = number;
  return true;
}

// `text` begins with kBegin.
Result<Token> ParseToken(std::string_view text) {
  std::size_t end = text.find('}');
  // ${lockstep.index} may stand at the end of another one.
  const std::size_t inner = text.find(kIndex, 1);
  if (inner != text.npos && end == inner + kIndex.size() - 1) end = text.find('}', end + 1);
  if (end == text.npos) {
    return InvalidArgument("'" + std::string(text.substr(0, 60)) + "' has no } at its end");
  }
  Token token;
  token.size = end + 1;
  const std::string_view body = text.substr(kBegin.size(), end - kBegin.size());
  const bool known = [&] {
    if (body == "rank") return true;
    token.kind = Token::kOwnIndex;
    if (body == "index") return true;
    token.kind = Token::kHost;
    if (body.starts_with("host:")) return ParsePlace(body.substr(5), &token);
    token.kind = Token::kPort;
    return body.starts_with("port:") && ParsePlace(body.substr(5), &token);
  }();
  if (known) return token;
  return InvalidArgument("'" + std::string(text.substr(0, token.size)) +
                         "' is no token: there are ${lockstep.rank}, ${lockstep.index}, "
                         "${lockstep.host:ROLE/INDEX} and ${lockstep.port:ROLE/INDEX}");
}

std::string ValueOf(const Token& token, const TokenValues& values) {
  const int index = token.index.value_or(values.index);
  switch (token.kind) {
    case Token::kRank: return std::to_string(values.rank);
    case Token::kOwnIndex: return std::to_string(values.index);
    case Token::kHost: return values.host(token.role, index);
    case Token::kPort: return std::to_string(values.port(token.role, index));
  }
  return "";
}

// Walks through all text of a plan.
class Walk {
 public:
  explicit Walk(const LaunchPlan& plan) : plan_(plan) {}

  Result<std::vector<PortName>> Ports() {
    for (std::size_t i = 0; i < plan_.roles.size(); ++i) {
      ranks_ = plan_.roles[i].ranks;
      LOCKSTEP_RETURN_IF_ERROR(Look("env", plan_.env));
      LOCKSTEP_RETURN_IF_ERROR(LookAtRole("roles[" + std::to_string(i) + "]", plan_.roles[i]));
    }
    for (std::size_t i = 0; i < plan_.lent_hosts.size(); ++i) {
      ranks_ = plan_.lent_hosts[i].count;
      LOCKSTEP_RETURN_IF_ERROR(LookAtNames("lent_hosts[" + std::to_string(i) + "].host_names",
                                           plan_.lent_hosts[i].host_names));
    }
    std::vector<PortName> ports;
    for (const LaunchRole& role : plan_.roles) {
      for (const PortName& port : found_) {
        if (port.role == role.name) ports.push_back(port);
      }
    }
    return ports;
  }

 private:
  Status LookAtRole(const std::string& field, const LaunchRole& role) {
    LOCKSTEP_RETURN_IF_ERROR(Look(field + ".command", role.command));
    LOCKSTEP_RETURN_IF_ERROR(Look(field + ".env", role.env));
    LOCKSTEP_RETURN_IF_ERROR(Look(field + ".working_dir", role.working_dir));
    LOCKSTEP_RETURN_IF_ERROR(LookAtNames(field + ".host_names", role.host_names));
    for (std::size_t i = 0; i < role.files.size(); ++i) {
      LOCKSTEP_RETURN_IF_ERROR(
          Look(field + ".files[" + std::to_string(i) + "].text", role.files[i].text));
    }
    for (std::size_t i = 0; i < role.init.size(); ++i) {
      const std::string place = field + ".init[" + std::to_string(i) + "]";
      LOCKSTEP_RETURN_IF_ERROR(Look(place + ".command", role.init[i].command));
      LOCKSTEP_RETURN_IF_ERROR(Look(place + ".env", role.init[i].env));
      LOCKSTEP_RETURN_IF_ERROR(Look(place + ".working_dir", role.init[i].working_dir));
    }
    return OkStatus();
  }

  Status Look(const std::string& field, const std::vector<std::string>& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i].find(kBegin) == std::string::npos) continue;
      LOCKSTEP_RETURN_IF_ERROR(Look(field + "[" + std::to_string(i) + "]", words[i]));
    }
    return OkStatus();
  }

  Status Look(const std::string& field, const std::map<std::string, std::string>& env) {
    for (const auto& [name, value] : env) {
      if (value.find(kBegin) == std::string::npos) continue;
      LOCKSTEP_RETURN_IF_ERROR(Look(field + "." + name, value));
    }
    return OkStatus();
  }

  Status Look(const std::string& field, const std::string& text) {
    for (std::size_t at = 0; (at = text.find(kBegin, at)) != text.npos;) {
      const Result<Token> token = ParseToken(std::string_view(text).substr(at));
      if (!token.ok()) return InvalidArgument(field + ": " + token.status().message());
      LOCKSTEP_RETURN_IF_ERROR(
          Note(*token, field + ": '" + text.substr(at, token->size) + "' names "));
      at += token->size;
    }
    return OkStatus();
  }

  // A host's name is made of nothing but its own number.
  Status LookAtNames(const std::string& field, const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string place = field + "[" + std::to_string(i) + "]";
      for (std::size_t at = 0; (at = names[i].find(kBegin, at)) != std::string::npos; ++at) {
        if (names[i].compare(at, kIndex.size(), kIndex) == 0) continue;
        return InvalidArgument(place + ": '" + names[i] + "' may hold no token but " +
                               std::string(kIndex));
      }
    }
    return OkStatus();
  }

  Status Note(const Token& token, const std::string& what) {
    if (token.role.empty()) return OkStatus();
    const std::string role(token.role);
    const auto found = std::ranges::find(plan_.roles, role, &LaunchRole::name);
    const auto lent = std::ranges::find(plan_.lent_hosts, role, &LentHosts::role);
    const bool is_lent = found == plan_.roles.end() && lent != plan_.lent_hosts.end();
    if (found == plan_.roles.end() && !is_lent) {
      return InvalidArgument(what + "the role '" + role + "', which is not there");
    }
    if (is_lent && token.kind == Token::kPort) {
      return InvalidArgument(what + "a port of the role '" + role + "', which is not started");
    }
    const int count = is_lent ? lent->count : found->ranks;
    const int last = token.index.value_or(ranks_ - 1);
    if (last >= count) {
      return InvalidArgument(what + "number " + std::to_string(last) + " of the role '" + role +
                             "', which has " + std::to_string(count));
    }
    if (token.kind != Token::kPort) return OkStatus();
    for (int i = token.index.value_or(0); i <= last; ++i) found_.insert({role, i});
    return OkStatus();
  }

  const LaunchPlan& plan_;
  int ranks_ = 0;  // of the role whose text is looked at
  std::set<PortName> found_;
};

}  // namespace

bool HasTokens(std::string_view text) { return text.find(kBegin) != text.npos; }

Result<std::string> ReplaceTokens(const std::string& text, const TokenValues& values) {
  std::size_t at = text.find(kBegin);
  if (at == text.npos) return text;
  std::string replaced;
  std::size_t done = 0;
  for (; at != text.npos; at = text.find(kBegin, done)) {
    LOCKSTEP_ASSIGN_OR_RETURN(const Token token, ParseToken(std::string_view(text).substr(at)));
    replaced.append(text, done, at - done).append(ValueOf(token, values));
    done = at + token.size;
  }
  return replaced.append(text, done);
}

Result<std::vector<PortName>> PortsOf(const LaunchPlan& plan) { return Walk(plan).Ports(); }

}  // namespace lockstep
