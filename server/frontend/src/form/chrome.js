/**
 * The renderer's own words in French and Spanish.
 *
 * ODK Web Forms 0.22 speaks English only (its translations begin with 0.24, which is not on npm). The build replaces each
 * of its texts by a call of `chrome` (web-forms-plugin.js), and fails when a text is no longer found: then this file goes.
 */
import { languageOf } from '../shared/words.js';

export const CHROME = {
  en: {},
  fr: {
    'Send': 'Envoyer',
    'Change language': 'Changer de langue',
    'change language': 'changer de langue',
    'Condition not satisfied: required': 'Cette réponse est obligatoire.',
    'Condition not satisfied: constraint': 'Cette réponse ne convient pas.',
    '1 question with error.': '1 question à corriger.',
    '%(count)s questions with errors.': '%(count)s questions à corriger.',
    'Get location': 'Obtenir la position',
    'Finding your location': 'Recherche de la position',
    'Good accuracy': 'Bonne précision',
    'Poor accuracy': 'Précision insuffisante',
    'Unknown accuracy': 'Précision inconnue',
    'Accuracy: ': 'Précision : ',
    'Latitude: ': 'Latitude : ',
    'Longitude: ': 'Longitude : ',
    'Location will be saved at': 'La position sera enregistrée à',
    'Previous saved location at': 'Position enregistrée avant :',
    'Time taken to capture location: ': 'Temps écoulé : ',
    'Cancel': 'Annuler',
    'Save location': 'Enregistrer la position',
    'Try again': 'Réessayer',
    'Cannot access location': 'Position inaccessible.',
    'Grant location permission in the browser settings and make sure location is turned on.':
      'Autorisez la localisation dans les réglages du navigateur et vérifiez qu’elle est activée.',
    'Location unavailable. Enable GPS and browser permissions, then restart the form to try again.':
      'Position indisponible. Activez le GPS et autorisez le navigateur, puis rouvrez le formulaire.',
    'Rank items': 'Classer les éléments',
    'Take picture': 'Prendre une photo',
    'Choose image': 'Choisir une image',
    'Captured image preview': 'Aperçu de la photo',
    'Repeat Item': 'Élément',
    'Remove': 'Supprimer',
    'Add': 'Ajouter',
    'An error occurred while loading this form': 'Le formulaire n’a pas pu être chargé',
    'Technical error details': 'Détails techniques',
    'Powered by': 'Avec'
  },
  es: {
    'Send': 'Enviar',
    'Change language': 'Cambiar de idioma',
    'change language': 'cambiar de idioma',
    'Condition not satisfied: required': 'Esta respuesta es obligatoria.',
    'Condition not satisfied: constraint': 'Esta respuesta no es válida.',
    '1 question with error.': '1 pregunta por corregir.',
    '%(count)s questions with errors.': '%(count)s preguntas por corregir.',
    'Get location': 'Obtener la ubicación',
    'Finding your location': 'Buscando su ubicación',
    'Good accuracy': 'Buena precisión',
    'Poor accuracy': 'Precisión insuficiente',
    'Unknown accuracy': 'Precisión desconocida',
    'Accuracy: ': 'Precisión: ',
    'Latitude: ': 'Latitud: ',
    'Longitude: ': 'Longitud: ',
    'Location will be saved at': 'La ubicación se guardará a',
    'Previous saved location at': 'Ubicación guardada antes:',
    'Time taken to capture location: ': 'Tiempo transcurrido: ',
    'Cancel': 'Cancelar',
    'Save location': 'Guardar la ubicación',
    'Try again': 'Intentar de nuevo',
    'Cannot access location': 'No se puede acceder a la ubicación.',
    'Grant location permission in the browser settings and make sure location is turned on.':
      'Permita la ubicación en los ajustes del navegador y compruebe que está activada.',
    'Location unavailable. Enable GPS and browser permissions, then restart the form to try again.':
      'Ubicación no disponible. Active el GPS y los permisos del navegador y vuelva a abrir el formulario.',
    'Rank items': 'Ordenar los elementos',
    'Take picture': 'Tomar una foto',
    'Choose image': 'Elegir una imagen',
    'Captured image preview': 'Vista previa de la foto',
    'Repeat Item': 'Elemento',
    'Remove': 'Eliminar',
    'Add': 'Añadir',
    'An error occurred while loading this form': 'No se pudo cargar el formulario',
    'Technical error details': 'Detalles técnicos',
    'Powered by': 'Con'
  }
};

function pageLanguage() {
  if (typeof document === 'undefined') return 'en';
  return document.getElementById('form')?.dataset.lang || document.documentElement.lang;
}

/** A text of the renderer in the page's language. */
export function chrome(text, params = {}, language = pageLanguage()) {
  const translated = CHROME[languageOf(language, CHROME)][text] ?? text;
  return translated.replace(/%\((\w+)\)s/g, (place, name) => params[name] ?? place);
}

const LISTS = {
  fr: {
    emptyFilterMessage: 'Aucun résultat', emptySearchMessage: 'Aucun résultat', emptyMessage: 'Aucun choix', noFileChosenMessage: 'Aucun fichier',
    emptySelectionMessage: 'Rien de choisi', selectionMessage: '{0} choisis', today: 'Aujourd’hui', clear: 'Effacer', dateFormat: 'dd/mm/yy', firstDayOfWeek: 1
  },
  es: {
    emptyFilterMessage: 'Sin resultados', emptySearchMessage: 'Sin resultados', emptyMessage: 'Sin opciones', noFileChosenMessage: 'Ningún archivo',
    emptySelectionMessage: 'Nada elegido', selectionMessage: '{0} elegidos', today: 'Hoy', clear: 'Borrar', dateFormat: 'dd/mm/yy', firstDayOfWeek: 1
  }
};

/** What PrimeVue (inside the renderer) shows in lists and calendars; the names of days and months come from the browser. */
export function primeLocale(language) {
  const known = languageOf(language, CHROME);
  const names = (options, dates) => dates.map((date) => new Intl.DateTimeFormat(known, { ...options, timeZone: 'UTC' }).format(date));
  const days = Array.from({ length: 7 }, (_, day) => new Date(Date.UTC(2023, 0, 1 + day))); // 1 January 2023 was a Sunday
  const months = Array.from({ length: 12 }, (_, month) => new Date(Date.UTC(2023, month, 1)));
  return {
    ...(LISTS[known] ?? { dateFormat: 'dd/mm/yy', firstDayOfWeek: 1 }),
    dayNames: names({ weekday: 'long' }, days),
    dayNamesShort: names({ weekday: 'short' }, days),
    dayNamesMin: names({ weekday: 'narrow' }, days),
    monthNames: names({ month: 'long' }, months),
    monthNamesShort: names({ month: 'short' }, months)
  };
}
