// SearchSpace: the parameters of an Experiment, checked and in numbers; maps the unit cube onto
// them and back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "operators/api/experiment.h"
#include "runtime/base/status.h"

namespace lockstep {

enum class ParameterType : std::uint8_t { kDouble, kInt, kDiscrete, kCategorical };
enum class Distribution : std::uint8_t { kUniform, kLogUniform, kNormal, kLogNormal };

struct Parameter {
  std::string name;
  ParameterType type = ParameterType::kDouble;
  Distribution distribution = Distribution::kUniform;
  double min = 0;  // double, int
  double max = 0;
  double step = 0;                // 0: none
  std::vector<std::string> list;  // discrete, categorical; as the user spelled them

  // Number of different values; 0: a continuum.
  std::uint64_t cardinality() const;
  // The `index`-th of them, in ascending (or the user's) order. REQUIRES: index < cardinality()
  std::string ValueAt(std::uint64_t index) const;
  // The value at `unit` in [0, 1): inside bounds, on a multiple of step from min, spelled so that
  // it reads back the same.
  std::string FromUnit(double unit) const;
  // Whether `value`, as a user spells it, is one of the space: 0.10 is 0.1, but for a categorical.
  bool Holds(std::string_view value) const;
};

class SearchSpace {
 public:
  // InvalidArgument names the parameter's index and field ("parameters[2].feasibleSpace.min") and
  // why.
  static Result<SearchSpace> Create(const std::vector<ParameterSpec>& specs);

  const std::vector<Parameter>& parameters() const { return parameters_; }
  // Number of different points; 0: a continuum, or more than 2^63.
  std::uint64_t cardinality() const;
  // The point of that number, the last parameter varying fastest. REQUIRES: rank < cardinality()
  std::vector<ParameterAssignment> PointAt(std::uint64_t rank) const;

 private:
  std::vector<Parameter> parameters_;
};

}  // namespace lockstep
