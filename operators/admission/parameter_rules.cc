#include <charconv>
#include <cmath>
#include <set>

#include "operators/admission/rules.h"

namespace lockstep {
namespace {

std::optional<double> Number(std::string_view text, bool whole) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || !std::isfinite(value)) return {};
  if (whole && value != std::floor(value)) return {};
  return value;
}

// The number in a field that must hold one.
std::optional<double> ReadNumber(const std::string& text, bool whole, const std::string& path,
                                 FindingList& findings) {
  const std::optional<double> number = Number(text, whole);
  if (!number) {
    findings.Error(path, "\"" + text + "\" is no " + (whole ? "whole number" : "finite number"));
  }
  return number;
}

void CheckWhole(const FeasibleSpace& space, double min, double max, const std::string& path,
                FindingList& findings) {
  if (std::ceil(min) > std::floor(max)) {
    findings.Error(FieldPath(path, "min"),
                   "there is no whole number from " + space.min + " to " + space.max);
    return;
  }
  const auto warn = [&](double bound, const std::string& text, const char* field) {
    if (bound == std::floor(bound)) return;
    findings.Warning(FieldPath(path, field),
                     text + " is no whole number: an int between the bounds is searched");
  };
  warn(min, space.min, "min");
  warn(max, space.max, "max");
}

void CheckRange(const ParameterSpec& parameter, const std::string& path, FindingList& findings) {
  const FeasibleSpace space = parameter.feasible_space.value_or(FeasibleSpace{});
  const bool whole = parameter.parameter_type == "int";
  if (!space.list.empty()) {
    findings.Error(FieldPath(path, "list"),
                   "is for discrete and categorical parameters: give min and max");
  }
  if (space.min.empty() || space.max.empty()) {
    findings.Error(FieldPath(path, space.max.empty() ? "max" : "min"),
                   "is missing: " + parameter.parameter_type + " parameters need min and max");
    return;
  }
  const auto min = ReadNumber(space.min, false, FieldPath(path, "min"), findings);
  const auto max = ReadNumber(space.max, false, FieldPath(path, "max"), findings);
  if (min && max && *min > *max) {
    findings.Error(FieldPath(path, "min"), space.min + " is more than max, " + space.max);
  } else if (whole && min && max) {
    CheckWhole(space, *min, *max, path, findings);
  }
  if (!space.step.empty()) {
    const auto step = ReadNumber(space.step, whole, FieldPath(path, "step"), findings);
    if (step && *step <= 0) findings.Error(FieldPath(path, "step"), "must be more than 0");
  }
  const bool log = space.distribution == "logUniform" || space.distribution == "logNormal";
  if (log && min && *min <= 0) {
    findings.Error(FieldPath(path, "min"),
                   space.min + " has no logarithm: " + space.distribution + " needs min above 0");
  }
}

void CheckList(const ParameterSpec& parameter, const std::string& path, FindingList& findings) {
  const FeasibleSpace space = parameter.feasible_space.value_or(FeasibleSpace{});
  if (!space.min.empty() || !space.max.empty() || !space.step.empty()) {
    const char* const field = !space.min.empty() ? "min" : !space.max.empty() ? "max" : "step";
    findings.Error(FieldPath(path, field), "is for double and int parameters: give a list");
  }
  const std::string& distribution = space.distribution;
  if (distribution == "logUniform" || distribution == "normal" || distribution == "logNormal") {
    findings.Warning(FieldPath(path, "distribution"),
                     distribution + " has no effect: the values of a list are equally likely");
  }
  const std::string list = FieldPath(path, "list");
  if (space.list.empty()) findings.Error(list, "is empty: there is nothing to choose from");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < space.list.size(); ++i) {
    const std::string& value = space.list[i];
    if (!seen.insert(value).second) {
      findings.Error(ElementPath(list, i), "\"" + value + "\" is in the list already");
    }
  }
}

}  // namespace

void CheckParameters(const ExperimentSpec& spec, FindingList& findings) {
  if (spec.parameters.empty() && !spec.nas_config) {
    findings.Error("spec.parameters", "is missing: there is nothing to search over");
  }
  CheckParameterList(spec.parameters, "spec.parameters", findings);
}

void CheckParameterList(const std::vector<ParameterSpec>& parameters, const std::string& list,
                        FindingList& findings) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const ParameterSpec& parameter = parameters[i];
    const std::string path = ElementPath(list, i);
    const std::string space = FieldPath(path, "feasibleSpace");
    if (parameter.name.empty()) {
      findings.Error(FieldPath(path, "name"), "is missing");
    } else if (!names.insert(parameter.name).second) {
      findings.Error(FieldPath(path, "name"), "\"" + parameter.name + "\" is a parameter already");
    }
    const std::string& type = parameter.parameter_type;
    CheckChoice(type, "parameter type", {"double", "int", "discrete", "categorical"},
                FieldPath(path, "parameterType"), findings);
    if (parameter.feasible_space) {
      const std::string& distribution = parameter.feasible_space->distribution;
      if (!distribution.empty() && distribution != "unknown") {  // Katib's word for uniform
        CheckChoice(distribution, "distribution", {"uniform", "logUniform", "normal", "logNormal"},
                    FieldPath(space, "distribution"), findings);
      }
    }
    if (type == "double" || type == "int") CheckRange(parameter, space, findings);
    if (type == "discrete" || type == "categorical") CheckList(parameter, space, findings);
  }
}

}  // namespace lockstep
