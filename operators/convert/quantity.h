// Amounts of a resource as Kubernetes writes them: 2, "500m", 1.5Gi, 1e3.
#pragma once

#include "operators/codec/json.h"

namespace lockstep {

// A number or a text that Kubernetes would take, and not below 0.
bool IsQuantity(const Json& amount);
// Of a quantity: "500m" is 0.5.
double QuantityValue(const Json& amount);

}  // namespace lockstep
