#include "launcher/hosts_file.h"

#include <algorithm>

#include "launcher/rank_tokens.h"
#include "runtime/base/check.h"

namespace lockstep {
namespace {

// REQUIRES: CheckLaunchPlan: the only token of a host name is its number.
std::string Named(const std::string& name, int index) {
  Result<std::string> named = ReplaceTokens(name, {.index = index, .host = {}, .port = {}});
  CHECK(named.ok()) << named.status().message();
  return *std::move(named);
}

void AddLines(const std::vector<std::string>& names, int count, std::string* text) {
  for (int i = 0; i < count && !names.empty(); ++i) {
    *text += "127.0.0.1";
    for (const std::string& name : names) text->append(" ").append(Named(name, i));
    *text += "\n";
  }
}

}  // namespace

bool HasHostNames(const LaunchPlan& plan) {
  return std::ranges::any_of(plan.roles,
                             [](const auto& role) { return !role.host_names.empty(); }) ||
         std::ranges::any_of(plan.lent_hosts,
                             [](const auto& lent) { return !lent.host_names.empty(); });
}

std::string HostsText(std::string_view machine, const LaunchPlan& plan) {
  std::string text(machine);
  if (!text.empty() && !text.ends_with('\n')) text += "\n";
  for (const LaunchRole& role : plan.roles) AddLines(role.host_names, role.ranks, &text);
  for (const LentHosts& lent : plan.lent_hosts) AddLines(lent.host_names, lent.count, &text);
  return text;
}

std::string HostOf(const LaunchPlan& plan, std::string_view role, int index) {
  const auto first = [&](const std::vector<std::string>& names) {
    return names.empty() ? "" : Named(names[0], index);
  };
  if (const auto found = std::ranges::find(plan.roles, role, &LaunchRole::name);
      found != plan.roles.end()) {
    return first(found->host_names);
  }
  const auto lent = std::ranges::find(plan.lent_hosts, role, &LentHosts::role);
  return lent == plan.lent_hosts.end() ? "" : first(lent->host_names);
}

}  // namespace lockstep
