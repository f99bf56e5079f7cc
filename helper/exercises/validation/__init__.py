"""The exercises of notebook 05."""

from helper.exercises.validation.accuracy_of import accuracy_of
from helper.exercises.validation.best_epoch_of import best_epoch_of
from helper.exercises.validation.confusion_matrix import confusion_matrix
from helper.exercises.validation.learning_rate_at import learning_rate_at
from helper.exercises.validation.top_k_accuracy import top_k_accuracy

EXERCISES = (
    accuracy_of,
    top_k_accuracy,
    best_epoch_of,
    learning_rate_at,
    confusion_matrix,
)
