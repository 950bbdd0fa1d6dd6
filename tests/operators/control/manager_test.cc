#include "operators/control/manager.h"
