// Amounts of a resource as Kubernetes writes them: 2, "500m", 1.5Gi, 1e3.
#pragma once

#include <optional>

#include "operators/codec/json.h"

namespace lockstep {

// A number or a text that Kubernetes would take, and not below 0.
bool IsQuantity(const Json& amount);
// Its value: 0.5 of "500m". nullopt: it is none.
std::optional<double> QuantityOf(const Json& amount);

}  // namespace lockstep
