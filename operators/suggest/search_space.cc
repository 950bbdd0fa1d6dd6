#include "operators/suggest/search_space.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <set>

#include "runtime/base/check.h"

namespace lockstep {
namespace {

// Doubles count by ones up to here: what is beyond has no exact index.
constexpr double kExactMax = 9007199254740992.0;  // 2^53

// The shortest text that reads back as the same double, in the notation people write.
std::string Spell(double value) {
  if (value == 0) return "0";
  const double magnitude = std::fabs(value);
  char text[400];
  const auto end = magnitude >= 1e-4 && magnitude < 1e16
                       ? std::to_chars(text, text + sizeof(text), value, std::chars_format::fixed)
                       : std::to_chars(text, text + sizeof(text), value);
  return {text, end.ptr};
}

// `text` as a number, in double precision; nullopt: it is none, or no finite one.
std::optional<double> ParseFinite(std::string_view text) {
  const char* begin = text.data() + (text.starts_with('+') && !text.starts_with("+-") ? 1 : 0);
  const char* end = text.data() + text.size();
  double value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

// Decimal places of the shortest text of `value`: 2 for 0.01, 0 for 100.
int DecimalPlaces(double value) {
  char text[64] = {};  // to_chars writes no end, and atoi looks for one
  const auto end =
      std::to_chars(text, text + sizeof(text) - 1, value, std::chars_format::scientific);
  const std::string_view shortest(text, static_cast<std::size_t>(end.ptr - text));
  const std::size_t e = shortest.find('e');
  const std::size_t point = shortest.find('.');
  const int digits = point == std::string_view::npos ? 0 : static_cast<int>(e - point) - 1;
  return std::max(0, digits - std::atoi(text + e + 1));
}

// min + index * step is a decimal with at most as many places as min and step have. Rounded to
// those, it is exact: 0.01 + 2 * 0.01 is 0.03, not 0.030000000000000002.
double OnStep(const Parameter& parameter, std::uint64_t index) {
  const long double exact =
      static_cast<long double>(parameter.min) + static_cast<long double>(index) * parameter.step;
  const int places = std::max(DecimalPlaces(parameter.min), DecimalPlaces(parameter.step));
  char text[800];
  const int length = std::snprintf(text, sizeof(text), "%.*Lf", places, exact);
  CHECK(length > 0 && length < static_cast<int>(sizeof(text))) << "a double has 309 digits at most";
  double value = 0;
  std::from_chars(text, text + length, value);
  return std::min(value, parameter.max);
}

// Steps between min and max; an endpoint that is off by rounding alone is still reached.
double Steps(const Parameter& parameter) {
  const double steps = (parameter.max - parameter.min) / parameter.step;
  const double nearest = std::round(steps);
  return std::fabs(steps - nearest) <= 1e-9 * std::max(1.0, nearest) ? nearest : std::floor(steps);
}

// The normal distribution whose middle is the space's and whose bounds are three deviations away,
// cut off at the bounds (Katib's mean and deviation).
double TruncatedNormal(double min, double max, double unit) {
  const boost::math::normal standard;
  const double low = boost::math::cdf(standard, -3.0);
  const double z = boost::math::quantile(standard, low + unit * (1 - 2 * low));
  return min + (max - min) * (z + 3) / 6;
}

double Interpolate(double min, double max, double unit) { return min * (1 - unit) + max * unit; }

double Quantile(const Parameter& p, double unit) {
  switch (p.distribution) {
    case Distribution::kUniform: return Interpolate(p.min, p.max, unit);
    case Distribution::kLogUniform:
      return std::exp(Interpolate(std::log(p.min), std::log(p.max), unit));
    case Distribution::kNormal: return TruncatedNormal(p.min, p.max, unit);
    case Distribution::kLogNormal:
      return std::exp(TruncatedNormal(std::log(p.min), std::log(p.max), unit));
  }
  CHECK(false) << "a Distribution that is none";
  return 0;
}

// The path and the reason of the first thing that is wrong with a parameter.
class ParameterReader {
 public:
  ParameterReader(const ParameterSpec& spec, std::size_t index)
      : spec_(spec), path_("parameters[" + std::to_string(index) + "]") {}

  Result<Parameter> Read() {
    parameter_.name = spec_.name;
    if (spec_.name.empty()) return Wrong(".name", "a parameter needs a name");
    if (spec_.parameter_type == "double") {
      parameter_.type = ParameterType::kDouble;
    } else if (spec_.parameter_type == "int") {
      parameter_.type = ParameterType::kInt;
    } else if (spec_.parameter_type == "discrete") {
      parameter_.type = ParameterType::kDiscrete;
    } else if (spec_.parameter_type == "categorical") {
      parameter_.type = ParameterType::kCategorical;
    } else {
      return Wrong(".parameterType", "\"" + spec_.parameter_type +
                                         "\" is no type of a parameter: use double, int, discrete "
                                         "or categorical");
    }
    if (!spec_.feasible_space) {
      return Wrong(".feasibleSpace", "parameter " + spec_.name + " needs a feasible space");
    }
    LOCKSTEP_RETURN_IF_ERROR(ReadDistribution());
    const bool numeric =
        parameter_.type == ParameterType::kDouble || parameter_.type == ParameterType::kInt;
    LOCKSTEP_RETURN_IF_ERROR(numeric ? ReadRange() : ReadList());
    return std::move(parameter_);
  }

 private:
  Status Wrong(std::string_view field, std::string_view why) const {
    return InvalidArgument(path_ + std::string(field) + ": " + std::string(why));
  }

  Status ReadDistribution() {
    const std::string& text = spec_.feasible_space->distribution;
    if (text.empty() || text == "uniform" || text == "unknown") return OkStatus();
    if (text == "logUniform") {
      parameter_.distribution = Distribution::kLogUniform;
    } else if (text == "normal") {
      parameter_.distribution = Distribution::kNormal;
    } else if (text == "logNormal") {
      parameter_.distribution = Distribution::kLogNormal;
    } else {
      return Wrong(
          ".feasibleSpace.distribution",
          "\"" + text + "\" is no distribution: use uniform, logUniform, normal or logNormal");
    }
    // Katib writes one into every space and looks at none of a list's.
    if (!spec_.feasible_space->list.empty()) parameter_.distribution = Distribution::kUniform;
    return OkStatus();
  }

  Status ReadList() {
    const FeasibleSpace& space = *spec_.feasible_space;
    if (!space.min.empty() || !space.max.empty() || !space.step.empty()) {
      return Wrong(".feasibleSpace",
                   "a " + spec_.parameter_type + " parameter has a list, and no min, max or step");
    }
    if (space.list.empty()) {
      return Wrong(".feasibleSpace.list",
                   "a " + spec_.parameter_type + " parameter needs at least one value");
    }
    std::set<std::string_view> seen;
    for (const std::string& value : space.list) {
      if (!seen.insert(value).second) {
        return Wrong(".feasibleSpace.list", "\"" + value + "\" is listed twice: remove one");
      }
    }
    parameter_.list = space.list;
    return OkStatus();
  }

  Status ReadRange() {
    const FeasibleSpace& space = *spec_.feasible_space;
    if (!space.list.empty()) {
      return Wrong(".feasibleSpace.list",
                   "a " + spec_.parameter_type + " parameter has min and max, and no list");
    }
    if (space.min.empty() || space.max.empty()) {
      return Wrong(".feasibleSpace.max",
                   "a " + spec_.parameter_type + " parameter needs both min and max");
    }
    LOCKSTEP_RETURN_IF_ERROR(ReadNumber(space.min, ".feasibleSpace.min", &parameter_.min));
    LOCKSTEP_RETURN_IF_ERROR(ReadNumber(space.max, ".feasibleSpace.max", &parameter_.max));
    if (parameter_.type == ParameterType::kInt) {  // 0.5 to 4.5 are 1 to 4
      parameter_.min = std::ceil(parameter_.min);
      parameter_.max = std::floor(parameter_.max);
    }
    if (parameter_.min > parameter_.max) {
      return Wrong(".feasibleSpace.min",
                   "min " + space.min + " is above max " + space.max + ": exchange them");
    }
    const bool log = parameter_.distribution == Distribution::kLogUniform ||
                     parameter_.distribution == Distribution::kLogNormal;
    if (log && parameter_.min <= 0) {
      return Wrong(".feasibleSpace.min", space.distribution + " needs min above 0, not " +
                                             space.min + ": a logarithm of it does not exist");
    }
    return ReadStep(space);
  }

  Status ReadStep(const FeasibleSpace& space) {
    if (space.step.empty()) {
      if (parameter_.type == ParameterType::kInt) parameter_.step = 1;
      return OkStatus();
    }
    LOCKSTEP_RETURN_IF_ERROR(ReadNumber(space.step, ".feasibleSpace.step", &parameter_.step));
    if (parameter_.type == ParameterType::kInt && parameter_.step != std::floor(parameter_.step)) {
      return Wrong(".feasibleSpace.step", "\"" + space.step + "\" is not a whole number");
    }
    if (parameter_.step <= 0) {
      return Wrong(".feasibleSpace.step",
                   "step must be above 0, not " + space.step + ": it leads from min to max");
    }
    if (Steps(parameter_) > kExactMax || parameter_.min + parameter_.step == parameter_.min ||
        (parameter_.step <= parameter_.max - parameter_.min &&
         parameter_.max - parameter_.step == parameter_.max)) {
      return Wrong(".feasibleSpace.step", "step " + space.step +
                                              " is too small to tell neighbouring values from each "
                                              "other in double precision: use a larger one");
    }
    return OkStatus();
  }

  Status ReadNumber(const std::string& text, std::string_view field, double* value) const {
    const bool whole = parameter_.type == ParameterType::kInt;
    const std::optional<double> number = ParseFinite(text);
    if (!number) return Wrong(field, "\"" + text + "\" is not a finite number");
    *value = *number;
    if (whole && std::fabs(*value) > kExactMax) {
      return Wrong(field, "\"" + text + "\" is not a whole number within 2^53");
    }
    return OkStatus();
  }

  const ParameterSpec& spec_;
  const std::string path_;
  Parameter parameter_;
};

}  // namespace

std::uint64_t Parameter::cardinality() const {
  if (!list.empty()) return list.size();
  if (min == max) return 1;
  if (step == 0) return 0;
  return static_cast<std::uint64_t>(Steps(*this)) + 1;
}

std::string Parameter::ValueAt(std::uint64_t index) const {
  CHECK(index < cardinality()) << name << " has no value " << index;
  if (!list.empty()) return list[index];
  return Spell(step == 0 ? min : OnStep(*this, index));
}

std::string Parameter::FromUnit(double unit) const {
  CHECK(unit >= 0 && unit < 1) << name << " at " << unit;
  const std::uint64_t count = cardinality();
  if (count == 0) return Spell(std::clamp(Quantile(*this, unit), min, max));
  if (count == 1) return ValueAt(0);
  const auto last = static_cast<double>(count - 1);
  const double index = distribution == Distribution::kUniform
                           ? std::floor(unit * static_cast<double>(count))
                           : std::round((Quantile(*this, unit) - min) / step);
  return ValueAt(static_cast<std::uint64_t>(std::clamp(index, 0.0, last)));
}

bool Parameter::Holds(std::string_view value) const {
  if (type == ParameterType::kCategorical) return std::ranges::find(list, value) != list.end();
  const std::optional<double> number = ParseFinite(value);
  if (type == ParameterType::kDiscrete) {
    return std::ranges::any_of(list, [&](const std::string& one) {
      return one == value || (number && ParseFinite(one) == number);
    });
  }
  if (!number || *number < min || *number > max) return false;
  if (step == 0 || min == max) return true;
  const double index = std::round((*number - min) / step);
  return std::fabs(*number - (min + index * step)) <= 1e-9 * std::max(step, std::fabs(*number));
}

Result<SearchSpace> SearchSpace::Create(const std::vector<ParameterSpec>& specs) {
  SearchSpace space;
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (!names.insert(specs[i].name).second) {
      return InvalidArgument("parameters[" + std::to_string(i) +
                             "].name: there are two parameters \"" + specs[i].name +
                             "\": rename one");
    }
    LOCKSTEP_ASSIGN_OR_RETURN(Parameter parameter, ParameterReader(specs[i], i).Read());
    space.parameters_.push_back(std::move(parameter));
  }
  return space;
}

std::uint64_t SearchSpace::cardinality() const {
  std::uint64_t product = 1;
  for (const Parameter& parameter : parameters_) {
    const std::uint64_t count = parameter.cardinality();
    if (count == 0 || product > (std::uint64_t{1} << 63) / count) return 0;
    product *= count;
  }
  return product;
}

std::vector<ParameterAssignment> SearchSpace::PointAt(std::uint64_t rank) const {
  std::vector<ParameterAssignment> point(parameters_.size());
  for (std::size_t i = parameters_.size(); i-- > 0;) {
    const std::uint64_t count = parameters_[i].cardinality();
    point[i] = {parameters_[i].name, parameters_[i].ValueAt(rank % count)};
    rank /= count;
  }
  return point;
}

}  // namespace lockstep
