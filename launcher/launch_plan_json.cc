// plan.json, the text form of a LaunchPlan. Fields are named as in launch_plan.h; durations end in
// _ms.
#include <nlohmann/json.hpp>

#include "launcher/json_reader.h"
#include "launcher/launch_plan.h"

namespace lockstep {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kAllRanks = "all-ranks";
constexpr std::string_view kRank0 = "rank-0";

Result<LaunchRole> DecodeRole(const json& value, const std::string& file, const std::string& path) {
  LaunchRole role;
  JsonReader reader(value, file, path);
  reader.Read("name", &role.name, /*required=*/true);
  reader.Read("ranks", &role.ranks);
  reader.Read("init_commands", &role.init_commands);
  reader.Read("command", &role.command);
  reader.Read("env", &role.env);
  reader.Read("working_dir", &role.working_dir);
  LOCKSTEP_RETURN_IF_ERROR(reader.Finish());
  return role;
}

}  // namespace

std::string EncodeLaunchPlan(const LaunchPlan& plan) {
  ordered_json roles = ordered_json::array();
  for (const LaunchRole& role : plan.roles) {
    roles.push_back({{"name", role.name},
                     {"ranks", role.ranks},
                     {"init_commands", role.init_commands},
                     {"command", role.command},
                     {"env", role.env},
                     {"working_dir", role.working_dir}});
  }
  const ordered_json document = {
      {"job", plan.job},
      {"generation", plan.generation},
      {"roles", std::move(roles)},
      {"success", plan.success == SuccessRule::kAllRanks ? kAllRanks : kRank0},
      {"env", plan.env},
      {"job_dir", plan.job_dir},
      {"grace_ms", plan.grace.count()},
      {"deadline_ms", plan.deadline.count()},
      {"quiet", plan.quiet}};
  // Arguments need not be UTF-8; JSON must be.
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result<LaunchPlan> DecodeLaunchPlan(std::string_view text, std::string_view file) {
  LOCKSTEP_ASSIGN_OR_RETURN(const json document, ParseJsonObject(text, file));
  LaunchPlan plan;
  JsonReader reader(document, std::string(file), "");
  reader.Read("job", &plan.job);
  reader.Read("generation", &plan.generation);
  if (const json* roles = reader.ReadArray("roles")) {
    for (std::size_t i = 0; i < roles->size(); ++i) {
      LOCKSTEP_ASSIGN_OR_RETURN(LaunchRole role, DecodeRole((*roles)[i], std::string(file),
                                                            "roles[" + std::to_string(i) + "]"));
      plan.roles.push_back(std::move(role));
    }
  }
  std::string success(kAllRanks);
  reader.Read("success", &success);
  if (success == kRank0) {
    plan.success = SuccessRule::kRank0;
  } else if (success != kAllRanks) {
    reader.Fail("success", "'" + success + "' is unknown; use all-ranks or rank-0");
  }
  reader.Read("env", &plan.env);
  reader.Read("job_dir", &plan.job_dir);
  std::int64_t grace = plan.grace.count();
  std::int64_t deadline = plan.deadline.count();
  reader.Read("grace_ms", &grace);
  reader.Read("deadline_ms", &deadline);
  plan.grace = std::chrono::milliseconds(grace);
  plan.deadline = std::chrono::milliseconds(deadline);
  reader.Read("quiet", &plan.quiet);
  LOCKSTEP_RETURN_IF_ERROR(reader.Finish());
  LOCKSTEP_RETURN_IF_ERROR(CheckLaunchPlan(plan).WithContext(file));
  return plan;
}

}  // namespace lockstep
