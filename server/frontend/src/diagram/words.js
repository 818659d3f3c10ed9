export const WORDS = {
  en: {
    fit: 'Whole diagram', in: 'Zoom in', out: 'Zoom out', tools: 'View', outline: 'Tasks of the diagram',
    failed: 'The diagram could not be drawn. Reload the page to try again; the list of tasks says the same.',
    mode_live: 'Live: changes appear by themselves', mode_polling: 'Looked up every ten seconds', mode_paused: 'Paused while nobody looks',
    mode_lost: 'The connection is lost; it is tried again', mode_ended: 'You are signed out, or may not see this any more. Load the page again'
  },
  fr: {
    fit: 'Tout le diagramme', in: 'Agrandir', out: 'Réduire', tools: 'Vue', outline: 'Tâches du diagramme',
    failed: 'Le diagramme n’a pas pu être dessiné. Rechargez la page pour réessayer ; la liste des tâches dit la même chose.',
    mode_live: 'En direct : les changements apparaissent d’eux-mêmes', mode_polling: 'Mis à jour toutes les dix secondes', mode_paused: 'En pause tant que personne ne regarde',
    mode_lost: 'La connexion est perdue ; un nouvel essai suit', mode_ended: 'Vous êtes déconnecté ou vous n’avez plus accès à cette page. Rechargez-la'
  },
  es: {
    fit: 'Todo el diagrama', in: 'Acercar', out: 'Alejar', tools: 'Vista', outline: 'Tareas del diagrama',
    failed: 'No se pudo dibujar el diagrama. Vuelva a cargar la página para intentarlo de nuevo; la lista de tareas dice lo mismo.',
    mode_live: 'En directo: los cambios aparecen solos', mode_polling: 'Se consulta cada diez segundos', mode_paused: 'En pausa mientras nadie mira',
    mode_lost: 'Se perdió la conexión; se intenta de nuevo', mode_ended: 'Ha salido de la sesión o ya no puede ver esto. Vuelva a cargar la página'
  }
};
