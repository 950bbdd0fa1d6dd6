#include "cli/assignment_flags.h"

#include <algorithm>
#include <map>

#include "operators/api/did_you_mean.h"
#include "operators/suggest/search_space.h"
#include "runtime/base/check.h"

namespace lockstep {
namespace {

std::string Joined(const std::vector<std::string_view>& names) {
  std::string list;
  for (const std::string_view name : names) list += (list.empty() ? "" : ", ") + std::string(name);
  return list;
}

std::string SpaceText(const ParameterSpec& parameter) {
  const FeasibleSpace& space = *parameter.feasible_space;
  const std::string type = "a " + parameter.parameter_type;
  if (!space.list.empty()) {
    return type + " out of " + Joined({space.list.begin(), space.list.end()});
  }
  const std::string step = space.step.empty() ? "" : " in steps of " + space.step;
  return (parameter.parameter_type == "int" ? "an int" : type) + " from " + space.min + " to " +
         space.max + step;
}

}  // namespace

Result<std::vector<ParameterAssignment>> ReadAssignments(
    const std::vector<std::string>& texts, const std::vector<ParameterSpec>& parameters) {
  std::vector<std::string_view> names;
  names.reserve(parameters.size());
  for (const ParameterSpec& parameter : parameters) names.push_back(parameter.name);
  const std::string known = ": the parameters are " + Joined(names);
  std::map<std::string, std::string, std::less<>> values;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return InvalidArgument("--set " + text + ": write NAME=VALUE" + known);
    }
    const std::string name = text.substr(0, equals);
    if (std::ranges::find(names, name) == names.end()) {
      return InvalidArgument("--set " + text + ": there is no parameter \"" + name + "\"" +
                             DidYouMean(name, names) + known);
    }
    if (!values.emplace(name, text.substr(equals + 1)).second) {
      return InvalidArgument("--set " + text + ": the parameter " + name + " has a value already");
    }
  }
  std::vector<std::string_view> missing;
  std::string next_step;
  std::vector<ParameterAssignment> assignments;
  for (const std::string_view name : names) {
    const auto value = values.find(name);
    if (value == values.end()) {
      missing.push_back(name);
      next_step += " --set " + std::string(name) + "=VALUE";
    } else {
      assignments.push_back({value->first, value->second});
    }
  }
  if (!missing.empty()) {
    return InvalidArgument("no value for " + Joined(missing) + ": add" + next_step);
  }
  return assignments;
}

std::vector<std::string> ValuesOutside(const std::vector<ParameterAssignment>& assignments,
                                       const std::vector<ParameterSpec>& parameters) {
  std::vector<std::string> lines;
  const Result<SearchSpace> space = SearchSpace::Create(parameters);
  if (!space.ok()) return lines;  // which has been told
  for (const auto& [name, value] : assignments) {
    const auto spec = std::ranges::find(parameters, name, &ParameterSpec::name);
    CHECK(spec != parameters.end()) << name;
    const auto at = static_cast<std::size_t>(spec - parameters.begin());
    if (space->parameters()[at].Holds(value)) continue;
    lines.push_back("--set " + name + "=" + value + ": outside the feasible space of " + name +
                    ", " + SpaceText(*spec) + ": the search never tries it");
  }
  return lines;
}

}  // namespace lockstep
